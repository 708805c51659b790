/**
 * What is put off leaves its claim, so that it can be claimed again once it is due, whatever else its claim holds.
 *
 * Claims that stand while a database is migrated still name what was put off: that is what is due later than they
 * were made. It is taken out of them, so that no claim names it from then on.
 */
import * as Migration from "../Migration.ts"

const putOff = `select d.id from deliveries d where d.id = any (c.ids) and d.due_at > c.claimed_at`

export const migration = Migration.make({
  id: 4,
  name: "free retries",
  statements: [
    `lock table claims in access exclusive mode`,
    `update claims c set ids = array(select unnest(c.ids) except ${putOff}),
      started = array(select unnest(c.started) except ${putOff})
    where put_off`,
    `alter table claims drop column put_off`
  ]
})
