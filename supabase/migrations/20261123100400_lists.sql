-- What lists and charts are chosen by stands in columns and indexes of its own, so that long rows are read for a page only.
set lock_timeout = '30s';

alter table public.assessments add column failed_checks text not null default '';

update public.assessments set failed_checks = coalesce((
    select string_agg(found.key, ' ' order by found.place)
    from (
        select name as key, place
        from unnest(array['transcript_match', 'visual_requirements', 'continuity', 'no_artifacts', 'duration_ok'])
            with ordinality as known (name, place)
        where body -> 'checks' -> name ->> 'status' = 'fail'
    ) as found
), '');

create index ix_assessments_newest on public.assessments (clip_run_id, created_at, verdict, score, failed_checks);
create index ix_assessments_created on public.assessments (created_at, id, clip_run_id, verdict, failed_checks);
create index ix_assessments_score on public.assessments (score, id, clip_run_id);
create index ix_clip_runs_created on public.clip_runs (created_at, id, attempt, clip_id, provider);
create index ix_clip_runs_made on public.clip_runs (provider, model, created_at, id);
create index ix_final_renders_created on public.final_renders (created_at, id);
create index ix_provider_calls_created on public.provider_calls (created_at, provider, state, cost_usd);
create index ix_provider_calls_newest on public.provider_calls (provider, created_at, state, clip_run_id);
create index ix_provider_calls_spent on public.provider_calls (provider, state, error_code, finished_at, cost_usd);
