-- Who may see and change what. A project belongs to its owner; others are invited as creator, reviewer or viewer.
--
--   owner     everything, and alone: deleting the project, inviting and sending away
--   creator   changes the project and what it holds
--   reviewer  sees it, decides about takes, rates and arranges; nothing that spends
--   viewer    sees it
--
-- The app's worker owns the tables and is not bound by this. Whoever is not signed in sees nothing at all.
-- What hangs on a parent is seen by those who see the parent, and is written only under a parent one may change:
-- foreign keys alone do not ask whose row they point at.

create schema if not exists private;
revoke all on schema private from public;
grant usage on schema private to authenticated, service_role;

-- The projects in which the one who is signed in has one of these roles; an owner is a creator too. Read with the
-- owner's rights, for asking project_members about itself would never end; once a statement, not once a row.
create function private.projects_as(roles text[]) returns setof uuid
language sql stable security definer set search_path = '' as $$
    select id from public.video_projects
    where owner_id = (select auth.uid()) and roles && array['owner', 'creator']
    union all
    select project_id from public.project_members
    where user_id = (select auth.uid()) and role = any (roles)
$$;

-- The e-mail of the one who is signed in, where it is known to be theirs: by Supabase's own table, for a token also
-- holds what users write about themselves; elsewhere by the claims the app has verified.
create function private.verified_email() returns text
language plpgsql stable security definer set search_path = '' as $$
declare
    found text;
begin
    if to_regclass('auth.users') is not null then
        execute 'select lower(email) from auth.users where id = $1 and email_confirmed_at is not null'
            into found using auth.uid();
    elsif auth.jwt() ->> 'email_verified' = 'true' then
        found := lower(auth.jwt() ->> 'email');
    end if;
    return found;
end
$$;

-- Whether all these files are the project's; a file that is not there yet is in nobody's way.
create function private.holds_assets(project uuid, assets uuid[]) returns boolean
language sql stable security definer set search_path = '' as $$
    select not exists (
        select 1 from unnest(assets) as used (id)
        where used.id is not null
        and not exists (select 1 from public.video_assets a where a.id = used.id and a.project_id = project)
    )
$$;

create function private.is_take_of(run uuid, clip uuid) returns boolean
language sql stable security definer set search_path = '' as $$
    select run is null or exists (select 1 from public.clip_runs r where r.id = run and r.clip_id = clip)
$$;

-- A reviewer changes no other columns than the ones the trigger names.
create function private.guard_reviewing() returns trigger
language plpgsql set search_path = '' as $$
declare
    was jsonb := to_jsonb(old);
    project uuid;
begin
    if current_user <> 'authenticated' or to_jsonb(new) - tg_argv = was - tg_argv then
        return new;
    end if;
    project := case tg_table_name
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

-- Nobody gives a project away, and only its owner throws it away.
create function private.guard_project() returns trigger
language plpgsql set search_path = '' as $$
begin
    if current_user = 'authenticated' and (
        new.owner_id <> old.owner_id
        or (new.deleted_at is distinct from old.deleted_at and old.owner_id <> auth.uid())
    ) then
        raise exception 'only the owner may delete a project' using errcode = 'insufficient_privilege';
    end if;
    return new;
end
$$;

-- The owner changes the role of an invitation; the invited one takes it up, once.
create function private.guard_member() returns trigger
language plpgsql set search_path = '' as $$
declare
    is_owner boolean;
begin
    if current_user <> 'authenticated' then
        return new;
    end if;
    is_owner := exists (select 1 from private.projects_as('{owner}') as mine (id) where mine.id = old.project_id);
    if (is_owner and to_jsonb(new) - 'role' <> to_jsonb(old) - 'role')
        or (not is_owner and (old.user_id is not null or to_jsonb(new) - 'user_id' <> to_jsonb(old) - 'user_id'))
    then
        raise exception 'an invitation may only be taken up, or given another role by the owner'
            using errcode = 'insufficient_privilege';
    end if;
    return new;
end
$$;

revoke all on all functions in schema private from public;
grant execute on function private.projects_as(text[]), private.verified_email(), private.holds_assets(uuid, uuid[]),
    private.is_take_of(uuid, uuid) to authenticated, service_role;

create trigger guard_project before update on public.video_projects
    for each row execute function private.guard_project();
create trigger guard_member before update on public.project_members
    for each row execute function private.guard_member();
create trigger guard_reviewing before update on public.clip_plans
    for each row execute function private.guard_reviewing('updated_at');
create trigger guard_reviewing before update on public.clip_plan_clips
    for each row execute function private.guard_reviewing(
        'status', 'accepted_run_id', 'reason', 'generation', 'order_key', 'scene_id', 'updated_at'
    );
create trigger guard_reviewing before update on public.clip_runs
    for each row execute function private.guard_reviewing('updated_at');
create trigger guard_reviewing before update on public.assessment_overrides
    for each row execute function private.guard_reviewing('before');
create trigger guard_reviewing before update on public.edits
    for each row execute function private.guard_reviewing('undone_at');

-- Every table is closed first, whatever a project grants by itself, and then opened as far as the policies reach.
do $$
declare
    name text;
begin
    foreach name in array array[
        'video_projects', 'project_members', 'style_bibles', 'content_briefs', 'character_bibles', 'scripts',
        'clip_plans', 'scenes', 'clip_plan_clips', 'clip_runs', 'assessments', 'assessment_overrides', 'video_assets',
        'final_renders', 'animatics', 'edits', 'preferences', 'ratings', 'provider_calls', 'perception_calls',
        'workspaces', 'executors', 'provider_waits', 'provider_turns', 'schema_versions'
    ] loop
        execute format('alter table public.%I enable row level security', name);
        execute format('revoke all on public.%I from public, anon, authenticated', name);
        execute format('grant all on public.%I to service_role', name);
    end loop;
end
$$;
grant usage on schema public to authenticated, service_role;
grant select, insert, update, delete on
    public.video_projects, public.project_members, public.style_bibles, public.content_briefs, public.character_bibles,
    public.scripts, public.clip_plans, public.scenes, public.clip_plan_clips, public.clip_runs, public.assessments,
    public.video_assets, public.final_renders, public.animatics, public.edits, public.preferences, public.ratings
    to authenticated;
grant select, insert, update on public.assessment_overrides to authenticated;  -- decisions stay on record
-- Only the worker asks for what is paid, and writes what it cost.
grant update (state, generation_id, is_adopted, accepted_at) on public.provider_calls to authenticated;
grant select on public.provider_calls, public.perception_calls, public.workspaces to authenticated;

-- Projects and their people

create policy see on public.video_projects for select to authenticated
    using (owner_id = (select auth.uid()) or id in (select private.projects_as('{creator,reviewer,viewer}')));
create policy add on public.video_projects for insert to authenticated
    with check (owner_id = (select auth.uid()));
create policy change on public.video_projects for update to authenticated
    using (id in (select private.projects_as('{creator}')));
create policy remove on public.video_projects for delete to authenticated
    using (owner_id = (select auth.uid()));

create policy see on public.project_members for select to authenticated
    using (
        project_id in (select private.projects_as('{creator,reviewer,viewer}'))
        or user_id = (select auth.uid())
        or (user_id is null and email = (select private.verified_email()))
    );
create policy add on public.project_members for insert to authenticated
    with check (
        project_id in (select private.projects_as('{owner}'))
        and user_id is null and invited_by = (select auth.uid())
    );
create policy change on public.project_members for update to authenticated
    using (
        project_id in (select private.projects_as('{owner}'))
        or (user_id is null and email = (select private.verified_email()))
    )
    with check (project_id in (select private.projects_as('{owner}')) or user_id = (select auth.uid()));
create policy remove on public.project_members for delete to authenticated
    using (project_id in (select private.projects_as('{owner}')));

-- What is seen by those who see its project, and what by those who see its parent

do $$
declare
    name text;
    parent text[];
begin
    foreach name in array array[
        'style_bibles', 'content_briefs', 'character_bibles', 'scripts', 'clip_plans', 'video_assets', 'edits',
        'provider_calls', 'perception_calls'
    ] loop
        execute format(
            'create policy see on public.%I for select to authenticated '
            'using (project_id in (select private.projects_as(''{creator,reviewer,viewer}'')))',
            name
        );
    end loop;
    foreach parent slice 1 in array array[
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
        execute format(
            'create policy see on public.%1$I for select to authenticated '
            'using (exists (select 1 from public.%2$I parent where parent.id = %1$I.%3$I))',
            parent[1], parent[2], parent[3]
        );
    end loop;
end
$$;
create policy see on public.workspaces for select to authenticated using (true);

-- What only creators write, each as (table, condition): where the condition holds before, and after

do $$
declare
    rule text[];
    mine text := 'project_id in (select private.projects_as(''{creator}''))';
    plan text := 'exists (select 1 from public.clip_plans p where p.id = clip_plan_id and p.' || mine || '%s)';
    run text := 'exists (select 1 from public.clip_runs r join public.clip_plan_clips c on c.id = r.clip_id '
        'join public.clip_plans p on p.id = c.clip_plan_id where r.id = clip_run_id and p.' || mine || ')';
begin
    foreach rule slice 1 in array array[
        ['style_bibles', mine],
        ['scripts', mine],
        ['video_assets', mine],
        ['content_briefs', mine || ' and exists (select 1 from public.style_bibles s '
            'where s.id = style_bible_id and s.project_id = content_briefs.project_id)'],
        ['character_bibles', mine || ' and exists (select 1 from public.content_briefs b '
            'where b.id = content_brief_id and b.project_id = character_bibles.project_id)'],
        ['scenes', format(plan, '')],
        ['animatics', format(plan, '')],
        ['final_renders', format(plan, ' and private.holds_assets(p.project_id, array[asset_id, poster_asset_id])')],
        ['assessments', run]
    ] loop
        execute format('create policy add on public.%I for insert to authenticated with check (%s)', rule[1], rule[2]);
        execute format('create policy change on public.%I for update to authenticated using (%s)', rule[1], rule[2]);
        execute format('create policy remove on public.%I for delete to authenticated using (%s)', rule[1], rule[2]);
    end loop;
end
$$;

-- A lost answer that a person looked up; the grant names the columns.
create policy change on public.provider_calls for update to authenticated
    using (project_id in (select private.projects_as('{creator}')));

-- What reviewers write too. Updates also let them lock a row before they decide; the triggers above hold the rest.

create policy add on public.clip_plans for insert to authenticated
    with check (
        project_id in (select private.projects_as('{creator}'))
        and exists (
            select 1 from public.content_briefs b
            where b.id = content_brief_id and b.project_id = clip_plans.project_id
        )
        and exists (select 1 from public.scripts s where s.id = script_id and s.project_id = clip_plans.project_id)
    );
create policy change on public.clip_plans for update to authenticated
    using (project_id in (select private.projects_as('{creator,reviewer}')))
    with check (
        project_id in (select private.projects_as('{creator,reviewer}'))
        and exists (
            select 1 from public.content_briefs b
            where b.id = content_brief_id and b.project_id = clip_plans.project_id
        )
        and exists (select 1 from public.scripts s where s.id = script_id and s.project_id = clip_plans.project_id)
    );
create policy remove on public.clip_plans for delete to authenticated
    using (project_id in (select private.projects_as('{creator}')));

create policy add on public.clip_plan_clips for insert to authenticated
    with check (
        exists (
            select 1 from public.scenes s join public.clip_plans p on p.id = s.clip_plan_id
            where s.id = scene_id and p.id = clip_plan_clips.clip_plan_id
            and p.project_id in (select private.projects_as('{creator}'))
        )
        and private.is_take_of(accepted_run_id, id)
    );
create policy change on public.clip_plan_clips for update to authenticated
    using (
        exists (
            select 1 from public.clip_plans p
            where p.id = clip_plan_id and p.project_id in (select private.projects_as('{creator,reviewer}'))
        )
    )
    with check (
        exists (
            select 1 from public.scenes s join public.clip_plans p on p.id = s.clip_plan_id
            where s.id = scene_id and p.id = clip_plan_clips.clip_plan_id
            and p.project_id in (select private.projects_as('{creator,reviewer}'))
        )
        and private.is_take_of(accepted_run_id, id)
    );
create policy remove on public.clip_plan_clips for delete to authenticated
    using (
        exists (
            select 1 from public.clip_plans p
            where p.id = clip_plan_id and p.project_id in (select private.projects_as('{creator}'))
        )
    );

create policy add on public.clip_runs for insert to authenticated
    with check (
        exists (
            select 1 from public.clip_plan_clips c join public.clip_plans p on p.id = c.clip_plan_id
            where c.id = clip_id and p.project_id in (select private.projects_as('{creator}'))
            and private.holds_assets(p.project_id, array[asset_id, poster_asset_id])
        )
    );
create policy change on public.clip_runs for update to authenticated
    using (
        exists (
            select 1 from public.clip_plan_clips c join public.clip_plans p on p.id = c.clip_plan_id
            where c.id = clip_id and p.project_id in (select private.projects_as('{creator,reviewer}'))
        )
    )
    with check (
        exists (
            select 1 from public.clip_plan_clips c join public.clip_plans p on p.id = c.clip_plan_id
            where c.id = clip_id and p.project_id in (select private.projects_as('{creator,reviewer}'))
            and private.holds_assets(p.project_id, array[asset_id, poster_asset_id])
        )
    );
create policy remove on public.clip_runs for delete to authenticated
    using (
        exists (
            select 1 from public.clip_plan_clips c join public.clip_plans p on p.id = c.clip_plan_id
            where c.id = clip_id and p.project_id in (select private.projects_as('{creator}'))
        )
    );

do $$
declare
    rule text[];
    take text := 'exists (select 1 from public.clip_runs r join public.clip_plan_clips c on c.id = r.clip_id '
        'join public.clip_plans p on p.id = c.clip_plan_id '
        'where r.id = %s and p.project_id in (select private.projects_as(''{creator,reviewer}'')))';
begin
    foreach rule slice 1 in array array[
        ['assessment_overrides', format(take, 'clip_run_id')],
        ['preferences', format(take, 'chosen_run_id') || ' and ' || format(take, 'other_run_id')],
        ['ratings', 'exists (select 1 from public.final_renders f join public.clip_plans p on p.id = f.clip_plan_id '
            'where f.id = final_render_id and p.project_id in (select private.projects_as(''{creator,reviewer}'')))']
    ] loop
        execute format('create policy add on public.%I for insert to authenticated with check (%s)', rule[1], rule[2]);
        execute format('create policy change on public.%I for update to authenticated using (%s)', rule[1], rule[2]);
        if rule[1] <> 'assessment_overrides' then
            execute format(
                'create policy remove on public.%I for delete to authenticated using (%s)',
                rule[1], replace(rule[2], '{creator,reviewer}', '{creator}')
            );
        end if;
    end loop;
end
$$;

-- A change that was undone makes room for another one, whoever makes that.
create policy add on public.edits for insert to authenticated
    with check (
        project_id in (select private.projects_as('{creator}'))
        or (kind = 'plan' and project_id in (select private.projects_as('{reviewer}')))
    );
create policy change on public.edits for update to authenticated
    using (project_id in (select private.projects_as('{creator,reviewer}')));
create policy remove on public.edits for delete to authenticated
    using (
        project_id in (select private.projects_as('{creator}'))
        or (undone_at is not null and project_id in (select private.projects_as('{reviewer}')))
    );
