/**
 * The version of a nats-server. What it can do follows from that alone: an older one ignores in silence what it does not
 * know.
 */
export interface ServerVersion {
  readonly major: number
  readonly minor: number
  readonly patch: number
}

/** What a server without a readable version is taken for: nothing that depends on the version is asked of it. */
export const unknown: ServerVersion = { major: 0, minor: 0, patch: 0 }

/** Reads `2.10.4`, `v2.10.4` and `2.11.0-RC.1`; a release candidate counts as what it is a candidate for. */
export const parse = (text: string): ServerVersion => {
  const [, major, minor, patch] = /^v?(\d+)\.(\d+)\.(\d+)(?:[-+].*)?$/.exec(text.trim()) ?? []
  return major === undefined || minor === undefined || patch === undefined
    ? unknown
    : { major: Number(major), minor: Number(minor), patch: Number(patch) }
}

export const format = ({ major, minor, patch }: ServerVersion): string => `${major}.${minor}.${patch}`

/** The first version that has it. */
export const since = {
  /** Notes of one's own on streams and consumers. */
  metadata: { major: 2, minor: 10, patch: 0 },
  /** Streams compressed on disk. */
  compression: { major: 2, minor: 10, patch: 0 }
} satisfies Record<string, ServerVersion>

export const isAtLeast = (version: ServerVersion, least: ServerVersion): boolean => {
  if (version.major !== least.major) return version.major > least.major
  if (version.minor !== least.minor) return version.minor > least.minor
  return version.patch >= least.patch
}

export const has = (version: ServerVersion, feature: keyof typeof since): boolean => isAtLeast(version, since[feature])
