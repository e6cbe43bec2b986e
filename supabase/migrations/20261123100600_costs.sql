-- What a take cost stands beside it, and every list is found by what it is sorted by, so that its pages are quick.
set lock_timeout = '30s';

alter table public.clip_runs add column cost_usd double precision not null default 0;

update public.clip_runs run set cost_usd = found.usd
from (
    select clip_run_id, sum(cost_usd) as usd
    from (
        select clip_run_id, cost_usd from public.provider_calls where state <> 'refused'
        union all
        select clip_run_id, cost_usd from public.perception_calls
    ) as paid
    group by clip_run_id
) as found
where found.clip_run_id = run.id;

create index ix_clip_runs_cost on public.clip_runs (cost_usd, id);
create index ix_perception_calls_created on public.perception_calls (created_at, id);
drop index public.ix_assessments_score;
create index ix_assessments_worst on public.assessments (coalesce(score, 2), id, clip_run_id);
create index ix_assessments_best on public.assessments (coalesce(score, -1), id, clip_run_id);
