/**
 * Ledgers that mistake keys, requests, replacing or caps.
 */
import { type Unique } from "@fibercast/domain/Unique"
import { type Dispatch, type Dispatched } from "@fibercast/ports/Dispatch"
import { Effect } from "effect"
import { type BrokenTwin, brokenLedger } from "./BrokenTwin.ts"

/** A ledger that is asked for something else than it was asked for. */
const asking = (does: string, breaks: string, change: (dispatch: Dispatch) => Dispatch): BrokenTwin =>
  brokenLedger(does, breaks, (ledger) => ({
    dispatch: (options) =>
      ledger.dispatch({ ...options, dispatches: options.dispatches.map((dispatch) => change(dispatch)) })
  }))

const withUnique = (change: (unique: Unique, dispatch: Dispatch) => Partial<Unique>) => (dispatch: Dispatch) => ({
  ...dispatch,
  unique: dispatch.unique === null ? null : { ...dispatch.unique, ...change(dispatch.unique, dispatch) }
})

/** A ledger that answers something else. */
const answering = (does: string, breaks: string, change: (answer: Dispatched) => Dispatched): BrokenTwin =>
  brokenLedger(does, breaks, (ledger) => ({
    dispatch: (options) => Effect.map(ledger.dispatch(options), (answers) => answers.map(change))
  }))

export const brokenDispatches: ReadonlyArray<BrokenTwin> = [
  asking(
    "knows no unique keys",
    "a key of an open delivery is kept by it until that has ended, also while it is claimed or put off",
    (dispatch) => ({ ...dispatch, unique: null })
  ),
  asking(
    "knows no requests",
    "the same request is answered as it was, for its period, whatever became of the first",
    (dispatch) => ({ ...dispatch, idempotencyKey: null })
  ),
  asking(
    "knows no caps",
    "a pipeline takes no more than its cap, claimed ones included, and one more when one has ended",
    (dispatch) => ({
      ...dispatch,
      backlog: null
    })
  ),
  asking(
    "takes every key until its delivery has started",
    "a key of an open delivery is kept by it until that has ended, also while it is claimed or put off",
    withUnique(({ taken }) => ({ taken: taken === "ended" ? "started" : taken }))
  ),
  asking(
    "takes every key until its delivery has ended",
    "a key until started is free once its delivery is claimed, and when its try has ended",
    withUnique(({ taken }) => ({ taken: taken === "started" ? "ended" : taken }))
  ),
  asking(
    "keeps a key a millisecond too long",
    "a key for a time is taken that long, to the millisecond, whatever becomes of its delivery",
    withUnique(({ taken }) => ({ taken: typeof taken === "number" ? taken + 1 : taken }))
  ),
  asking(
    "keeps a key for a time only while its delivery is open",
    "a key for a time is taken that long, to the millisecond, whatever becomes of its delivery",
    withUnique(({ taken }) => ({ taken: typeof taken === "number" ? "ended" : taken }))
  ),
  asking(
    "does not tell letters of keys apart",
    "keys are of one workspace and one pipeline, and told apart letter by letter",
    withUnique(({ key }) => ({ key: key.toLowerCase() }))
  ),
  asking(
    "cuts long keys",
    "keys are of one workspace and one pipeline, and told apart letter by letter",
    withUnique(({ key }) => ({ key: key.trim().slice(0, 1) }))
  ),
  asking(
    "keeps where it should refuse",
    "a taken key can be refused, by name of its delivery, and then nothing is recorded",
    withUnique(({ onConflict }) => ({ onConflict: onConflict === "reject" ? "keep" : onConflict }))
  ),
  asking(
    "keeps where it should replace",
    "what replaces gives the first its payload, due time and deadline, and is recorded no second time",
    withUnique(({ onConflict }) => ({ onConflict: onConflict === "replace" ? "keep" : onConflict }))
  ),
  asking(
    "puts off for ever",
    "however often it is replaced, it is due at most that long after it was first recorded",
    withUnique(() => ({ atMost: null }))
  ),
  asking(
    "replaces without a deadline",
    "what replaces gives the first its payload, due time and deadline, and is recorded no second time",
    ({ delivery, ...dispatch }) => ({ ...dispatch, delivery: { ...delivery, deadline: null } })
  ),
  brokenLedger(
    "judges all of a call by what was there before it",
    "of one call, a dispatch sees those before it",
    (ledger) => ({
      dispatch: (options) =>
        ledger.dispatch({
          ...options,
          dispatches: options.dispatches.map((dispatch, at) =>
            at > 0 && dispatch.unique !== null
              ? { ...dispatch, unique: { ...dispatch.unique, key: `${at}` } }
              : dispatch
          )
        })
    })
  ),
  brokenLedger(
    "records in another order",
    "what is dispatched is answered one each, in order, and claimed as it was asked for",
    (ledger) => ({
      dispatch: (options) => ledger.dispatch({ ...options, dispatches: options.dispatches.toReversed() })
    })
  ),
  brokenLedger(
    "refuses the whole call when one is refused",
    "of one call as many are let in as there is room for, the first ones, and the others stand in nobody's way",
    (ledger) => ({
      dispatch: (options) =>
        Effect.map(ledger.dispatch(options), (answers) => {
          const refused = answers.find(({ _tag }) => _tag === "Refused")
          return refused === undefined ? answers : answers.map(() => refused)
        })
    })
  ),
  answering(
    "says that it inserted what it did not",
    "a request is looked at before its unique key, and remembers what stood for it",
    (answer) => (answer._tag === "Deduplicated" ? { _tag: "Inserted", id: answer.id } : answer)
  ),
  answering(
    "does not say what it replaced",
    "what is not due yet may be replaced by what is due earlier, a millisecond from then at the earliest",
    (answer) => (answer._tag === "Deduplicated" ? { ...answer, replaced: false } : answer)
  ),
  answering("does not say which cap refused", "of both caps the one that is reached refuses", (answer) =>
    answer._tag === "Refused" && answer.reason._tag === "BacklogFull"
      ? { ...answer, reason: { ...answer.reason, of: "pipeline" } }
      : answer
  ),
  brokenLedger(
    "replaces what is claimed",
    "what is claimed is not replaced: the other is recorded, and has the key from then on",
    (ledger) => ({
      dispatch: (options) =>
        Effect.map(ledger.dispatch(options), (answers) =>
          answers.map((answer, at) =>
            answer._tag === "Inserted" && options.dispatches[at]?.unique?.onConflict === "replace" && answer.id > 1n
              ? { _tag: "Deduplicated" as const, id: answer.id, replaced: true }
              : answer
          )
        )
    })
  ),
  asking(
    "counts what was dispatched without a cap",
    "a cap is of one pipeline in one workspace, and what was dispatched without one does not count",
    (dispatch) => ({ ...dispatch, backlog: dispatch.backlog ?? 1_000_000 })
  ),
  asking(
    "remembers a request by its pipeline",
    "the same request is answered as it was, for its period, whatever became of the first",
    ({ idempotencyKey, ...dispatch }) => ({
      ...dispatch,
      idempotencyKey: idempotencyKey === null ? null : `${dispatch.delivery.pipeline}:${idempotencyKey}`
    })
  ),
  asking(
    "has one lane for whatever is dispatched",
    "what is dispatched is answered one each, in order, and claimed as it was asked for",
    ({ delivery, ...dispatch }) => ({ ...dispatch, delivery: { ...delivery, lane: "normal" } })
  ),
  brokenLedger(
    "does not keep the limit of a workspace",
    "a workspace takes no more background jobs than its limit, of whatever pipeline and lane",
    (ledger) => ({
      dispatch: Effect.fnUntraced(function* (options) {
        const answers = yield* ledger.dispatch(options)
        return yield* Effect.forEach(answers, (answer, at) => {
          const delivery = options.dispatches[at]?.delivery
          const isFull = answer._tag === "Refused" && answer.reason._tag === "BacklogFull"
          if (!isFull || answer.reason.of !== "workspace" || delivery === undefined) return Effect.succeed(answer)
          const inserted = ledger.insert({ ...options, deliveries: [delivery] })
          return Effect.map(inserted, ([id]): Dispatched => (id === undefined ? answer : { _tag: "Inserted", id }))
        })
      })
    })
  )
]
