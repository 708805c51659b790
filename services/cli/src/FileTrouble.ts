/**
 * A file of the user's that cannot be used: which one, what is wrong with it and, where that helps, what to do.
 */
import { type PlatformError, Schema } from "effect"

export class FileTrouble extends Schema.TaggedError<FileTrouble>()("FileTrouble", {
  /** As the user wrote it. */
  file: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `${this.file}: ${this.reason}`
  }
}

/** What the operating system said about this file, in words. */
export const because =
  (file: string) =>
  ({ reason }: PlatformError.PlatformError): FileTrouble => {
    switch (reason._tag) {
      case "NotFound":
        return new FileTrouble({ file, reason: "there is no such file or folder" })
      case "PermissionDenied":
        return new FileTrouble({ file, reason: "permission denied" })
      default:
        return new FileTrouble({ file, reason: reason.message })
    }
  }
