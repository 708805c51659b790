import { assert, it } from "@effect/vitest"
import { control, lines } from "@fibercast/simulator/Control"
import { Device } from "@fibercast/simulator/Device"

const make = () => new Device({ token: "t", keepTexts: 0 })
const ask = (device: Device, method: string, name: string, body = "") => {
  const reply = control(device, method, `/_simulator/${name}`, body)
  return { status: reply.status, body: JSON.parse([...reply.body].join("")) }
}

it("the summary tells the total, the distinct targets and who was sent to more than once", () => {
  const device = make()
  device.restore([
    ["6281", 1],
    ["6282", 3]
  ])
  assert.deepStrictEqual(ask(device, "GET", "accepted").body, {
    requests: 0,
    total: 4,
    distinct: 2,
    duplicateTargets: 1,
    duplicates: { "6282": 3 }
  })
})

it("of very many duplicates all are counted and 10,000 are named", () => {
  const device = make()
  device.restore(Array.from({ length: 10_001 }, (_, index) => [`62${index}`, 2] as const))
  const { body } = ask(device, "GET", "accepted")
  assert.strictEqual(body.duplicateTargets, 10_001)
  assert.lengthOf(Object.keys(body.duplicates), 10_000)
})

it("the listing has a line for each target, also beyond one chunk", () => {
  const accepted = Array.from({ length: 2_500 }, (_, index) => [`62${index}`, 1] as const)
  const listing = [...lines(accepted)].join("").trimEnd().split("\n")
  assert.lengthOf(listing, 2_500)
  assert.strictEqual(listing.at(-1), '{"target":"622499","count":1}')
})

it("a plan is set in either form and an illegible one is refused and changes nothing", () => {
  const device = make()
  assert.deepStrictEqual(ask(device, "POST", "faults", "lost").body, { faults: [{ kind: "lostAnswer" }] })
  assert.strictEqual(ask(device, "POST", "faults", "earthquake").status, 400)
  const fields = new URLSearchParams({ target: "6281111111111", message: "x" })
  assert.strictEqual(device.send("t", fields).fate, "cut")
  assert.strictEqual(ask(device, "POST", "faults", "[]").status, 200)
  assert.strictEqual(device.send("t", fields).fate, "answer")
})

it("the device is set in part or in whole, and nonsense is refused", () => {
  const device = make()
  ask(device, "POST", "device", '{"status":"disconnect","quota":5}')
  const { device_status, quota } = JSON.parse(device.profile("t").body)
  assert.deepStrictEqual([device_status, quota], ["disconnect", "5"])
  assert.strictEqual(ask(device, "POST", "device", '{"status":"asleep"}').status, 400)
  assert.strictEqual(ask(device, "POST", "device", "connect").status, 400)
})

it("what it does not know is not found", () => {
  assert.strictEqual(ask(make(), "GET", "reset").status, 404)
})
