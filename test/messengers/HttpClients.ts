/**
 * The HTTP clients over which messengers are tried.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as UndiciClient from "@fibercast/messengers/UndiciClient"

export const clients = [
  ["fetch", NodeHttpClient.layerFetch],
  ["undici", NodeHttpClient.layerUndici],
  ["node:http", NodeHttpClient.layerNodeHttp],
  ["undici asked for whole answers", UndiciClient.layer]
] as const
