import { assert, it } from "@effect/vitest"
import { Device, normalise } from "@fibercast/simulator/Device"

const token = "t"
const make = () => new Device({ token, keepTexts: 2 })
const form = (fields: Record<string, string>) => new URLSearchParams({ message: "hi", ...fields })
const reasonOf = (body: string): unknown => JSON.parse(body).reason

it("numbers are counted by their digits, however they are written", () => {
  assert.strictEqual(normalise("+62 812-3456-7890", "0"), "6281234567890")
  assert.strictEqual(normalise("081234567890|Siti|3A", "62"), "6281234567890")
  assert.strictEqual(normalise("081234567890", "0"), "081234567890")
  assert.strictEqual(normalise("120363043@g.us", "62"), "120363043@g.us")
})

it("an acceptance has the documented shape", () => {
  const reply = make().send(token, form({ target: "6282227097005" }))
  assert.deepStrictEqual(JSON.parse(reply.body), {
    detail: "success! message in queue",
    id: ["80367170"],
    process: "pending",
    requestid: 2937124,
    status: true,
    target: ["6282227097005"]
  })
})

it("each target of one request is accepted and has an id of its own", () => {
  const device = make()
  const reply = device.send(token, form({ target: "6281111111111, 6282222222222" }))
  assert.lengthOf(JSON.parse(reply.body).id, 2)
  assert.deepStrictEqual([...device.accepted.keys()], ["6281111111111", "6282222222222"])
})

it("a request with one bad target is refused whole", () => {
  const device = make()
  assert.strictEqual(reasonOf(device.send(token, form({ target: "6281111111111,12" })).body), "target invalid")
  assert.strictEqual(device.total, 0)
})

it("refusals come in the order token, input, target, device, quota", () => {
  const device = make()
  device.connection = "disconnect"
  device.quota = 0
  assert.strictEqual(reasonOf(device.send("other", form({})).body), "token invalid")
  assert.strictEqual(reasonOf(device.send(token, form({})).body), "input invalid")
  assert.strictEqual(reasonOf(device.send(token, form({ target: "1" })).body), "target invalid")
  const target = "6281111111111"
  assert.strictEqual(reasonOf(device.send(token, form({ target })).body), "request invalid on disconnected device")
  device.connection = "connect"
  assert.strictEqual(reasonOf(device.send(token, form({ target })).body), "insufficient quota")
  assert.strictEqual(device.total, 0)
  assert.strictEqual(device.requests, 5)
})

it("a disconnected device takes messages when connectOnly is false", () => {
  const device = make()
  device.connection = "disconnect"
  device.send(token, form({ target: "6281111111111", connectOnly: "false" }))
  assert.strictEqual(device.total, 1)
})

it("quota is used up message by message", () => {
  const device = make()
  device.quota = 2
  for (let index = 0; index < 3; index++) device.send(token, form({ target: "6281111111111" }))
  assert.strictEqual(device.accepted.get("6281111111111"), 2)
  assert.strictEqual(JSON.parse(device.profile(token).body).quota, "0")
})

it("only so many texts are kept as were asked for", () => {
  const device = make()
  for (const message of ["a", "b", "c"]) device.send(token, form({ target: "6281111111111", message }))
  assert.deepStrictEqual(device.messages("6281111111111"), ["a", "b"])
})

it("a new plan begins to count at its own first request", () => {
  const device = make()
  const target = "6281111111111"
  device.send(token, form({ target }))
  device.script([{ kind: "lostAnswer", to: 1 }])
  assert.strictEqual(device.send(token, form({ target })).fate, "cut")
  assert.strictEqual(device.send(token, form({ target })).fate, "answer")
  assert.strictEqual(device.total, 3)
})

it("a fault after acceptance does not accept what would be refused", () => {
  const device = make()
  device.script([{ kind: "status", status: 503, accepted: true }])
  assert.strictEqual(reasonOf(device.send("other", form({ target: "6281111111111" })).body), "token invalid")
  assert.strictEqual(device.total, 0)
})

it("validate tells who has WhatsApp without counting a request", () => {
  const device = make()
  device.script([{ kind: "invalidTarget", targets: ["6282222222222"] }])
  const reply = device.validate(token, form({ target: "6281111111111,6282222222222" }))
  assert.deepStrictEqual(JSON.parse(reply.body), {
    not_registered: ["6282222222222"],
    registered: ["6281111111111"],
    status: true
  })
  assert.strictEqual(device.requests, 0)
})

it("after a reset it is as new", () => {
  const device = make()
  const target = "6281111111111"
  device.send(token, form({ target }))
  device.connection = "disconnect"
  device.quota = 0
  device.script([{ kind: "hang" }])
  device.reset()
  assert.deepStrictEqual([device.total, device.requests, device.accepted.size], [0, 0, 0])
  assert.strictEqual(JSON.parse(device.send(token, form({ target })).body).status, true)
})
