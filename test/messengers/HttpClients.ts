/**
 * The HTTP clients over which messengers are tried.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"

export const clients = [
  ["fetch", NodeHttpClient.layerFetch],
  ["undici", NodeHttpClient.layerUndici],
  ["node:http", NodeHttpClient.layerNodeHttp]
] as const
