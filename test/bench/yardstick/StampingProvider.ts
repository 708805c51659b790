/**
 * A bare HTTP server that answers each request with the time at which it had all of it: nanoseconds of the clock that all
 * processes of the machine share and that only goes forward. It prints one line with its URL once it listens.
 */
import { createServer } from "node:http"

const server = createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
  request.resume()
  request.once("end", () => response.end(String(process.hrtime.bigint())))
})

server.listen(0, "127.0.0.1", () => {
  const address = server.address()
  if (typeof address === "object") process.stdout.write(`listening on http://127.0.0.1:${address?.port}\n`)
})
