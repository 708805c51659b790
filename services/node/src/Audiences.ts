/**
 * Every kind of audience that one node can read: inline rows, CSV files, queries on its database, and
 * audiences that the application names.
 */
import { AudienceSource, type OpenAudience, openNamed } from "@fibercast/ports/AudienceSource"
import * as SqlAudience from "@fibercast/postgres/SqlAudience"
import { Effect, type FileSystem, Layer, type Path } from "effect"
import { type SqlClient } from "effect/sql"
import * as CsvFile from "./CsvFile.ts"

export const layer = (
  named: Readonly<Record<string, OpenAudience>> = {}
): Layer.Layer<AudienceSource, never, FileSystem.FileSystem | Path.Path | SqlClient.SqlClient> =>
  Layer.effect(
    AudienceSource,
    Effect.zipWith(CsvFile.opener, SqlAudience.opener, (csv, sql) =>
      AudienceSource.make({ Csv: csv, Sql: sql, Named: openNamed(named) })
    )
  )
