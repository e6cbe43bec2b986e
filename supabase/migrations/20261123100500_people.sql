-- People who work on a project at the same time, and browsers in which somebody is signed in.
set lock_timeout = '30s';

-- Counts what people changed in a project, so that each sees that another one did.
alter table public.video_projects add column version integer not null default 0;

-- A browser in which somebody is signed in. Only the app's own user reads it, and what is sealed opens with the cookie.
create table public.sign_ins (
    id varchar(64) not null,
    user_id uuid not null,
    sealed text not null,
    expires_at timestamptz not null,
    seen_at timestamptz not null,
    created_at timestamptz not null,
    primary key (id)
);
create index ix_sign_ins_user_id on public.sign_ins (user_id);
alter table public.sign_ins enable row level security;
revoke all on public.sign_ins from public, anon, authenticated;
grant all on public.sign_ins to service_role;

-- As before, and of the project itself too: a reviewer who arranges its clips counts that, and changes nothing else.
create or replace function private.guard_reviewing() returns trigger
language plpgsql set search_path = '' as $$
declare
    was jsonb := to_jsonb(old);
    project uuid;
begin
    if current_user <> 'authenticated' or to_jsonb(new) - tg_argv = was - tg_argv then
        return new;
    end if;
    project := case tg_table_name
        when 'video_projects' then (was ->> 'id')::uuid
        when 'clip_plan_clips' then (select project_id from public.clip_plans where id = (was ->> 'clip_plan_id')::uuid)
        when 'clip_runs' then (
            select p.project_id from public.clip_plan_clips c join public.clip_plans p on p.id = c.clip_plan_id
            where c.id = (was ->> 'clip_id')::uuid
        )
        when 'assessment_overrides' then (
            select p.project_id from public.clip_runs r join public.clip_plan_clips c on c.id = r.clip_id
            join public.clip_plans p on p.id = c.clip_plan_id where r.id = (was ->> 'clip_run_id')::uuid
        )
        else (was ->> 'project_id')::uuid
    end;
    if not exists (select 1 from private.projects_as('{creator}') as mine (id) where mine.id = project) then
        raise exception 'a reviewer may not change this in %', tg_table_name using errcode = 'insufficient_privilege';
    end if;
    return new;
end
$$;
create trigger guard_reviewing before update on public.video_projects
    for each row execute function private.guard_reviewing('version', 'updated_at');
drop policy change on public.video_projects;
create policy change on public.video_projects for update to authenticated
    using (id in (select private.projects_as('{creator,reviewer}')));

-- Whom members read as the one who shared the project with them: the table of users is not theirs to read.
alter table public.project_members add column invited_by_email text not null default '';
-- Members may leave.
drop policy remove on public.project_members;
create policy remove on public.project_members for delete to authenticated
    using (project_id in (select private.projects_as('{owner}')) or user_id = (select auth.uid()));

-- A paid take that was given up is nobody's to wait for any more.
grant update (finished_at) on public.provider_calls to authenticated;
