/**
 * Who offers cars on the site. Instants are epoch milliseconds; balances are in the site's currency, to two decimals.
 */
import { Context, Effect, Layer } from "effect"
import { type Migrator, SqlClient, type SqlError } from "effect/sql"
import * as Tables from "./Tables.ts"

export interface Provider {
  readonly id: number
  readonly name: string
  readonly email: string
  readonly walletBalance: number
  readonly isVerified: boolean
  readonly isActive: boolean
  readonly updatedAt: number
}

export interface Page {
  /** Only ids after this one. */
  readonly after: number
  readonly limit: number
}

/** Below this a balance is low; 0 is not low but empty, and known to its owner. */
export const lowBelow = 50

export const isLow = ({ walletBalance }: Provider): boolean => walletBalance > 0 && walletBalance < lowBelow

export class Providers extends Context.Service<
  Providers,
  {
    /** Adds the provider, or changes what is known of it. */
    readonly put: (provider: Provider) => Effect.Effect<void, SqlError.SqlError>
    readonly get: (id: number) => Effect.Effect<Provider | null, SqlError.SqlError>
    /** Those whose balance is low, by id. */
    readonly low: (page: Page) => Effect.Effect<ReadonlyArray<Provider>, SqlError.SqlError>
    /** Those that are verified and active, by id. */
    readonly shown: (page: Page) => Effect.Effect<ReadonlyArray<Provider>, SqlError.SqlError>
  }
>()("fibercast/examples/cars/Providers") {
  static readonly layerMemory: Layer.Layer<Providers> = Layer.sync(Providers, () => {
    const all = new Map<number, Provider>()
    const those = (isOne: (provider: Provider) => boolean) => (page: Page) =>
      Effect.sync(() =>
        [...all.values()]
          .filter((one) => one.id > page.after && isOne(one))
          .toSorted((a, b) => a.id - b.id)
          .slice(0, page.limit)
      )
    return Providers.of({
      put: (provider) => Effect.sync(() => void all.set(provider.id, provider)),
      get: (id) => Effect.sync(() => all.get(id) ?? null),
      low: those(isLow),
      shown: those(({ isActive, isVerified }) => isVerified && isActive)
    })
  })

  static readonly layerSql: Layer.Layer<Providers, SqlError.SqlError | Migrator.MigrationError, SqlClient.SqlClient> =
    Layer.effect(
      Providers,
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        yield* Tables.bringUp
        const columns =
          sql.literal(`id, name, email, wallet_balance::float8 as "walletBalance", is_verified as "isVerified",
        is_active as "isActive", (extract(epoch from updated_at) * 1000)::float8 as "updatedAt"`)
        return Providers.of({
          put: ({ email, id, isActive, isVerified, name, updatedAt, walletBalance }) =>
            Effect.asVoid(sql`
            insert into cars.providers (id, name, email, wallet_balance, is_verified, is_active, updated_at)
            values (${id}, ${name}, ${email}, ${walletBalance}::float8::numeric, ${isVerified}, ${isActive},
              ${new Date(updatedAt)})
            on conflict (id) do update set name = excluded.name, email = excluded.email,
              wallet_balance = excluded.wallet_balance, is_verified = excluded.is_verified,
              is_active = excluded.is_active, updated_at = excluded.updated_at`),
          get: (id) =>
            Effect.map(
              sql<Provider>`select ${columns} from cars.providers where id = ${id}`,
              ([provider]) => provider ?? null
            ),
          low: ({ after, limit }) => sql<Provider>`select ${columns} from cars.providers
          where id > ${after} and wallet_balance > 0 and wallet_balance < ${sql.literal(String(lowBelow))}
          order by id limit ${limit}`,
          shown: ({ after, limit }) => sql<Provider>`select ${columns} from cars.providers
          where id > ${after} and is_verified and is_active order by id limit ${limit}`
        })
      })
    )
}
