-- Whoever reads a thousand takes asked of each one up through clip, plan and project whether it may be seen. Now every row
-- names its project, so that row security looks it up in one list, which is made once a statement.
--
-- The app knows nothing of this column: triggers fill it, whatever is said, and hold every row in its project.
set lock_timeout = '30s';

-- The project of the parent. Read with the owner's rights, for others may not see the parent: then the policies refuse
-- the row. Of a parent that is not there the foreign key refuses it.
create function private.name_project() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
    parents uuid;
begin
    case tg_argv[0]
        when 'project_id' then parents := new.project_id;
        when 'clip_plan_id' then
            select project_id into parents from public.clip_plans where id = new.clip_plan_id;
        when 'clip_id' then
            select project_id into parents from public.clip_plan_clips where id = new.clip_id;
        when 'clip_run_id' then
            select project_id into parents from public.clip_runs where id = new.clip_run_id;
        when 'chosen_run_id' then
            select project_id into parents from public.clip_runs where id = new.chosen_run_id;
        when 'final_render_id' then
            select project_id into parents from public.final_renders where id = new.final_render_id;
    end case;
    parents := coalesce(parents, '00000000-0000-0000-0000-000000000000');
    if tg_op = 'UPDATE' and parents <> old.project_id then
        raise exception 'a row of % stays in its project', tg_table_name using errcode = 'insufficient_privilege';
    end if;
    new.project_id := parents;
    return new;
end
$$;
revoke all on function private.name_project() from public;

-- Parents before what hangs on them, each with what names its parent.
do $$
declare
    hanging text[];
begin
    foreach hanging slice 1 in array array[
        ['scenes', 'clip_plans', 'clip_plan_id'],
        ['clip_plan_clips', 'clip_plans', 'clip_plan_id'],
        ['animatics', 'clip_plans', 'clip_plan_id'],
        ['final_renders', 'clip_plans', 'clip_plan_id'],
        ['clip_runs', 'clip_plan_clips', 'clip_id'],
        ['assessments', 'clip_runs', 'clip_run_id'],
        ['assessment_overrides', 'clip_runs', 'clip_run_id'],
        ['preferences', 'clip_runs', 'chosen_run_id'],
        ['ratings', 'final_renders', 'final_render_id']
    ] loop
        execute format('alter table public.%I add column project_id uuid', hanging[1]);
        execute format(
            'update public.%1$I set project_id = parent.project_id from public.%2$I parent where parent.id = %1$I.%3$I',
            hanging[1], hanging[2], hanging[3]
        );
        execute format('alter table public.%I alter column project_id set not null', hanging[1]);
        execute format(
            'create trigger name_project before insert or update of project_id, %2$I on public.%1$I '
            'for each row execute function private.name_project(%2$L)',
            hanging[1], hanging[3]
        );
        execute format('drop policy see on public.%I', hanging[1]);
        execute format(
            'create policy see on public.%I for select to authenticated '
            'using (project_id in (select private.projects_as(''{creator,reviewer,viewer}'')))',
            hanging[1]
        );
    end loop;
end
$$;
create trigger name_project before update of project_id on public.clip_plans
    for each row execute function private.name_project('project_id');

-- As many as most people have: with the planner's own guess, 1,000, looking single rows up seems dearer than it is.
alter function private.projects_as(text[]) rows 10;

-- Lists and charts are read from indexes alone where these hold the project too.
drop index public.ix_assessments_newest, public.ix_assessments_created, public.ix_assessments_worst,
    public.ix_assessments_best, public.ix_clip_runs_created, public.ix_clip_runs_made, public.ix_clip_runs_cost;
create index ix_assessments_newest on public.assessments (clip_run_id, created_at, verdict, score, failed_checks)
    include (project_id);
create index ix_assessments_created on public.assessments (created_at, id, clip_run_id, verdict, failed_checks)
    include (project_id);
create index ix_assessments_worst on public.assessments (coalesce(score, 2), id, clip_run_id)
    include (score, created_at, project_id);
create index ix_assessments_best on public.assessments (coalesce(score, -1), id, clip_run_id)
    include (score, created_at, project_id);
create index ix_clip_runs_created on public.clip_runs (created_at, id, attempt, clip_id, provider) include (project_id);
create index ix_clip_runs_made on public.clip_runs (provider, model, created_at, id) include (project_id);
create index ix_clip_runs_cost on public.clip_runs (cost_usd, id) include (project_id);
