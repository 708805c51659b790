/**
 * The SHA-256 of a text, at once: what asks for it waits for nothing, so it decides the same under any clock. For texts
 * that people write; large contents are for a streaming digest.
 */
import { sha256 } from "@noble/hashes/sha2.js"
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js"

/** 64 hexadecimal digits. A surrogate that stands alone counts as U+FFFD. */
export const hex = (text: string): string => bytesToHex(sha256(utf8ToBytes(text.toWellFormed())))
