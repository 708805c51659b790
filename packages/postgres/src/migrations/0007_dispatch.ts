/**
 * Dispatching background jobs, of any mix of keys and caps, in one round trip.
 *
 * Each statement of the function sees what was committed before it. So that whatever is asked of a key is asked after its
 * row is locked: all rows of the call are locked, or made, first, in the order of the primary key.
 *
 * Where nothing has a key or a cap, this is the plain insert. Else what has no key that was there before, and no cap that
 * could matter, is inserted at once; the rest one by one, in order,
 * as each may depend on those before it. Numbers are given before anything is decided, so that a key that is new says at
 * once by which delivery it is taken; where that is refused, the key is forgotten again.
 *
 * Answers a row for each place: 0 there is no such workspace, 1 inserted, 2 deduplicated, 3 replaced, 4 the key is taken,
 * 5 the backlog of the pipeline is full, 6 that of the workspace; with the delivery, and the cap. With `patience` it waits
 * no longer than so many milliseconds for anybody's lock, and then fails.
 *
 * A connection plans its statements once, often while there are hardly any keys, and would scan all of them: it must not.
 *
 * `taken` and `until` are those of `keys`; `conflict` is 1 keep, 2 replace, 3 reject.
 */
import * as Migration from "../Migration.ts"

const columns = `deliveries (id, workspace_id, lane, campaign_id, pipeline_id, due_at, deadline, payload, dispatched_at,
    batch_id, temporary, tags, capped)`

const values = (asked: string): string => `${asked}.id, ${asked}.workspace_id, ${asked}.lane, 0, ${asked}.pipeline_id,
    ${asked}.due_at, ${asked}.deadline, ${asked}.payload::json, ${asked}.asked_at, ${asked}.batch_id, ${asked}.temporary,
    case when ${asked}.tags is not null then array(select json_array_elements_text(${asked}.tags::json)) end,
    case when ${asked}.cap is not null then true end`

/** The row of `keys` for the unique key, or for the request, of the job `r`. */
const uniqueRow = `workspace_id = r.workspace_id and pipeline_id = r.pipeline_id and kind = 1 and key = r.key`
const requestRow = `workspace_id = r.workspace_id and pipeline_id = 0 and kind = 2 and key = r.request`

const taking = (
  values: string
): string => `insert into keys (workspace_id, pipeline_id, kind, taken, key, delivery_id, since, until)
  values (${values})
  on conflict (workspace_id, pipeline_id, kind, key) do update set taken = excluded.taken,
    delivery_id = excluded.delivery_id, since = excluded.since, until = excluded.until`

const body = `
#variable_conflict use_column
declare
  keyed boolean;
  capped boolean;
  limited boolean;
  asked dispatched_job[];
  spaces jsonb;
  counts jsonb := '{}';
  new_keys bigint[];
  new_requests bigint[];
  whole boolean := true;
  own bigint[];
  r dispatched_job;
  holder record;
  first record;
  line text;
  due bigint;
begin
  if patience is not null then
    perform set_config('lock_timeout', patience::text, true);
  end if;

  keyed := cardinality(array_remove(jobs_key, null)) + cardinality(array_remove(jobs_request, null)) > 0;
  capped := cardinality(array_remove(jobs_cap, null)) > 0;
  spaces := (select coalesce(jsonb_object_agg(id, limits -> 'backlog'), '{}')
    from workspaces where id = any (jobs_workspace));
  limited := spaces @? '$.* ? (@ != null)';

  if not keyed and not capped and not limited and spaces ?& jobs_workspace::text[] then
    return query with added as (
      insert into deliveries (workspace_id, lane, campaign_id, pipeline_id, due_at, deadline, payload, dispatched_at,
        batch_id, temporary, tags)
      select workspace_id, lane, 0, pipeline_id, greatest(due_at, asked_at), deadline, payload::json, asked_at, batch_id,
        temporary, case when tags is not null then array(select json_array_elements_text(tags::json)) end
      from unnest(jobs_workspace, jobs_asked_at, jobs_lane, jobs_pipeline, jobs_due_at, jobs_deadline, jobs_payload,
        jobs_batch, jobs_temporary, jobs_tags) with ordinality as x (workspace_id, asked_at, lane, pipeline_id, due_at,
        deadline, payload, batch_id, temporary, tags, place)
      order by place returning id)
    select (row_number() over (order by id))::int, 1::smallint, id, null::int from added;
    return;
  end if;

  asked := array(
    select row(x.place, nextval('deliveries_id_seq'), x.workspace_id, x.asked_at, x.lane, x.pipeline_id,
      least(greatest(x.due_at, x.asked_at), x.asked_at + x.at_most), x.deadline, x.payload, x.batch_id, x.temporary,
      x.tags, x.cap, x.key, x.taken, x.until, x.conflict, x.at_most, x.request, x.request_until)::dispatched_job
    from unnest(jobs_workspace, jobs_asked_at, jobs_lane, jobs_pipeline, jobs_due_at, jobs_deadline, jobs_payload,
      jobs_batch, jobs_temporary, jobs_tags, jobs_cap, jobs_key, jobs_taken, jobs_until, jobs_conflict, jobs_at_most,
      jobs_request, jobs_request_until) with ordinality as x (workspace_id, asked_at, lane, pipeline_id, due_at,
      deadline, payload, batch_id, temporary, tags, cap, key, taken, until, conflict, at_most, request, request_until,
      place));

  if keyed then
    with wanted as (
      select distinct on (workspace_id, pipeline_id, kind, key) * from (
        select workspace_id, pipeline_id, 1::smallint as kind, taken, key, id, asked_at, until, place
        from unnest(asked) where key is not null
        union all
        select workspace_id, 0::smallint, 2::smallint, 3::smallint, request, id, asked_at, request_until, place
        from unnest(asked) where request is not null) every
      where spaces ? workspace_id::text
      order by workspace_id, pipeline_id, kind, key, place),
    made as (
      insert into keys as known (workspace_id, pipeline_id, kind, taken, key, delivery_id, since, until)
      select workspace_id, pipeline_id, kind, taken, key, id, asked_at, until from wanted
      order by workspace_id, pipeline_id, kind, key
      on conflict (workspace_id, pipeline_id, kind, key) do update set since = known.since where false
      returning kind, delivery_id)
    select coalesce(array_agg(delivery_id) filter (where kind = 1), '{}'),
      coalesce(array_agg(delivery_id) filter (where kind = 2), '{}') into new_keys, new_requests from made;
  end if;

  if capped then
    select jsonb_object_agg(g.workspace_id || ':' || g.pipeline_id, o.open), coalesce(bool_and(o.open + g.n <= g.least), true)
    into counts, whole from (
      select workspace_id, pipeline_id, count(*) as n, min(cap) as least, max(cap) as most
      from unnest(asked) where cap is not null group by workspace_id, pipeline_id) g, lateral (
      select count(*) as open from (
        select 1 from deliveries d
        where d.workspace_id = g.workspace_id and d.pipeline_id = g.pipeline_id and d.capped limit g.most) walked) o;
  end if;
  if limited then
    select counts || jsonb_object_agg(g.workspace_id, o.open), whole and coalesce(bool_and(o.open + g.n <= g.most), true)
    into counts, whole from (
      select workspace_id, count(*) as n, (spaces ->> workspace_id::text)::bigint as most
      from unnest(asked) where spaces ->> workspace_id::text is not null group by workspace_id) g, lateral (
      select count(*) as open from (
        select 1 from unnest('{0,1,2,3}'::smallint[]) as every (lane), lateral (
          select 1 from deliveries d
          where d.workspace_id = g.workspace_id and d.lane = every.lane and d.campaign_id = 0 limit g.most) walked
        limit g.most) counted) o;
  end if;

  own := case when whole then array(
    select id from unnest(asked)
    where spaces ? workspace_id::text and (key is null or id in (select unnest(new_keys)))
      and (request is null or id in (select unnest(new_requests)))) else '{}' end;
  insert into ${columns} overriding system value
  select ${values("a")} from unnest(asked) a where a.id in (select unnest(own)) order by a.place;
  if array_length(own, 1) = array_length(asked, 1) then
    return query select a.place, 1::smallint, a.id, null::int from unnest(asked) a order by a.place;
    return;
  end if;
  return query select a.place, 1::smallint, a.id, null::int from unnest(asked) a where a.id in (select unnest(own));

  for r in select * from unnest(asked) a where a.id not in (select unnest(own)) order by a.place loop
    job := r.place;
    verdict := 1;
    delivery := null;
    most := null;

    if not spaces ? r.workspace_id::text then
      verdict := 0;
      return next;
      continue;
    end if;

    if r.request is not null then
      select delivery_id into holder from keys where ${requestRow} and delivery_id <> r.id and until > r.asked_at;
      if found then
        verdict := 2;
        delivery := holder.delivery_id;
        delete from keys where ${uniqueRow} and delivery_id = r.id;
        return next;
        continue;
      end if;
    end if;

    if r.key is not null then
      select delivery_id, taken, since, until into holder from keys where ${uniqueRow} and delivery_id <> r.id;
      if found then
        if r.conflict = 2 then
          perform 1 from deliveries d where d.id = holder.delivery_id and d.workspace_id = r.workspace_id for update;
        end if;
        select d.due_at, d.attempt + d.rescues > 0 as has_begun, exists (
            select 1 from claims c where c.workspace_id = r.workspace_id and c.min_id <= holder.delivery_id
              and c.max_id >= holder.delivery_id and holder.delivery_id = any (c.ids)) as is_claimed
          into first from deliveries d where d.id = holder.delivery_id and d.workspace_id = r.workspace_id;
        if (case holder.taken
          when 1 then found
          when 2 then found and not first.is_claimed and not first.has_begun
          else holder.until > r.asked_at
        end) then
          if r.conflict = 1 then
            verdict := 2;
          elsif r.conflict = 3 then
            verdict := 4;
          elsif first.due_at is not null and not first.is_claimed then
            verdict := 3;
            due := least(r.due_at, holder.since + r.at_most);
            if not holder.delivery_id = any (own) then
              due := greatest(due, least(first.due_at, r.asked_at) + 1);
              due := due + (due = first.due_at)::int;
            end if;
            update deliveries d set due_at = due, deadline = r.deadline, payload = r.payload::json,
              tags = case when r.tags is not null then array(select json_array_elements_text(r.tags::json)) end
            where d.id = holder.delivery_id;
            own := own || holder.delivery_id;
          end if;
        end if;
        if verdict > 1 then
          delivery := holder.delivery_id;
        end if;
      end if;
    end if;

    if verdict = 1 then
      line := r.workspace_id || ':' || r.pipeline_id;
      if (counts ->> line)::bigint >= r.cap then
        verdict := 5;
        most := r.cap;
      elsif (counts ->> r.workspace_id::text)::bigint >= (spaces ->> r.workspace_id::text)::bigint then
        verdict := 6;
        most := spaces ->> r.workspace_id::text;
      else
        delivery := r.id;
        own := own || r.id;
        insert into ${columns} overriding system value
        values (${values("r")});
        if r.cap is not null then
          counts := counts || jsonb_build_object(line, (counts ->> line)::bigint + 1);
        end if;
        if counts ? r.workspace_id::text then
          counts := counts || jsonb_build_object(r.workspace_id, (counts ->> r.workspace_id::text)::bigint + 1);
        end if;
        if r.key is not null then
          ${taking("r.workspace_id, r.pipeline_id, 1, r.taken, r.key, r.id, r.asked_at, r.until")};
        end if;
      end if;
    end if;

    if verdict > 3 then
      delete from keys where ${uniqueRow} and delivery_id = r.id;
      delete from keys where ${requestRow} and delivery_id = r.id;
    elsif r.request is not null then
      ${taking("r.workspace_id, 0, 2, 3, r.request, delivery, r.asked_at, r.request_until")};
    end if;
    return next;
  end loop;
end`

export const migration = Migration.make({
  id: 7,
  name: "dispatch",
  statements: [
    `create type dispatched_job as (place int, id bigint, workspace_id int, asked_at bigint, lane smallint,
      pipeline_id smallint, due_at bigint, deadline bigint, payload text, batch_id int, temporary boolean, tags text,
      cap int, key text, taken smallint, until bigint, conflict smallint, at_most bigint, request text,
      request_until bigint)`,
    `create function fibercast_dispatch(jobs_workspace int[], jobs_asked_at bigint[], jobs_lane smallint[],
      jobs_pipeline smallint[], jobs_due_at bigint[], jobs_deadline bigint[], jobs_payload text[], jobs_batch int[],
      jobs_temporary boolean[], jobs_tags text[], jobs_cap int[], jobs_key text[], jobs_taken smallint[],
      jobs_until bigint[], jobs_conflict smallint[], jobs_at_most bigint[], jobs_request text[],
      jobs_request_until bigint[], patience int)
    returns table (job int, verdict smallint, delivery bigint, most int) language plpgsql set enable_seqscan = off as $$${body}$$`,
    `grant usage on sequence deliveries_id_seq to fibercast_tenant`,
    `grant update on deliveries to fibercast_tenant`,
    `grant delete on keys to fibercast_tenant`
  ]
})
