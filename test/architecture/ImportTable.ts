/**
 * Who may import whom, and what each package may touch. A new package is a new line.
 */
export interface Permission {
  /** Packages of this repository; "*" means all but `test`. */
  readonly packages: ReadonlyArray<string> | "*"
  /**
   * `pure`: runs anywhere, browsers included; no clock, network, file, database or process, nor Effect's modules for them.
   * `portable`: no Node and no protocol, but may own fibers, entities and metrics.
   * `adapter`: speaks to the world outside.
   */
  readonly reach: "pure" | "portable" | "adapter"
  /** If given, the only packages from outside. */
  readonly external?: ReadonlyArray<string>
}

export const importTable: Readonly<Record<string, Permission>> = {
  domain: { packages: [], reach: "pure", external: ["effect"] },
  content: { packages: ["domain"], reach: "pure" },
  ports: { packages: ["domain"], reach: "portable", external: ["effect"] },
  api: { packages: ["domain"], reach: "adapter", external: ["effect"] },
  engine: { packages: ["domain", "content", "ports"], reach: "portable", external: ["effect"] },
  postgres: { packages: ["domain", "ports"], reach: "adapter" },
  nats: { packages: ["domain", "ports"], reach: "adapter" },
  messengers: { packages: ["domain", "ports"], reach: "adapter" },
  testkit: { packages: ["domain", "content", "ports", "engine"], reach: "portable", external: ["effect"] },
  node: { packages: "*", reach: "adapter" },
  simulator: { packages: "*", reach: "adapter" },
  cli: { packages: "*", reach: "adapter" },
  dashboard: { packages: ["domain", "api"], reach: "adapter" },
  examples: { packages: "*", reach: "adapter" },
  test: { packages: "*", reach: "adapter" }
}

/** Effect's own doors to the world: closed to `pure` and `portable`. */
export const worldly = /^effect\/(?:cli|devtools|http|http-api|net|process|socket|sql|workers)(?:\/|$)/u
