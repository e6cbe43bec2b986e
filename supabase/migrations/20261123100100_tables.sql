-- All tables. Ids are made by the app, times are UTC, money is in US dollars; orchestrator/db/models.py says what each
-- table holds. A database that versions before these files had made is brought to the same shape: they wrote the same
-- tables, and left defaults behind where they added columns.

alter table if exists public.video_projects
    add column if not exists owner_id uuid not null default '00000000-0000-0000-0000-000000000000';

create table if not exists public.executors (
    id varchar(200) not null,
    host text not null,
    pid integer not null,
    role varchar(20) not null,
    seen_at timestamptz not null,
    ended_at timestamptz,
    created_at timestamptz not null,
    primary key (id)
);

create table if not exists public.provider_turns (
    id text not null,
    due_at timestamptz not null,
    held_until timestamptz,
    created_at timestamptz not null,
    primary key (id)
);

create table if not exists public.provider_waits (
    id text not null,
    site text not null,
    waiters jsonb not null,
    seen_at timestamptz not null,
    created_at timestamptz not null,
    primary key (id)
);

create table if not exists public.video_projects (
    name text not null,
    kind varchar(10) not null,
    owner_id uuid default '00000000-0000-0000-0000-000000000000' not null,
    settings jsonb not null,
    request_key varchar(64),
    archived_at timestamptz,
    deleted_at timestamptz,
    updated_at timestamptz not null,
    id uuid not null,
    created_at timestamptz not null,
    primary key (id),
    constraint kind_known check (kind in ('film', 'single'))
);
create index if not exists ix_video_projects_owner_id on public.video_projects (owner_id);
create index if not exists ix_video_projects_request_key on public.video_projects (request_key);

create table if not exists public.workspaces (
    id varchar(20) not null,
    settings jsonb not null,
    updated_at timestamptz not null,
    created_at timestamptz not null,
    primary key (id)
);

create table if not exists public.edits (
    project_id uuid not null,
    kind varchar(20) not null,
    label text not null,
    before jsonb not null,
    after jsonb not null,
    made_by text not null,
    undone_at timestamptz,
    id uuid not null,
    created_at timestamptz not null,
    primary key (id),
    foreign key (project_id) references public.video_projects (id) on delete cascade
);
create index if not exists ix_edits_project_id on public.edits (project_id);

create table if not exists public.project_members (
    project_id uuid not null,
    email text not null,
    user_id uuid,
    role varchar(10) not null,
    invited_by uuid not null,
    id uuid not null,
    created_at timestamptz not null,
    primary key (id),
    unique (project_id, email),
    unique (project_id, user_id),
    constraint email_lower_case check (email = lower(email)),
    constraint role_known check (role in ('creator', 'reviewer', 'viewer')),
    foreign key (project_id) references public.video_projects (id) on delete cascade
);
create index if not exists ix_project_members_email on public.project_members (email);
create index if not exists ix_project_members_project_id on public.project_members (project_id);
create index if not exists ix_project_members_user_id on public.project_members (user_id);

create table if not exists public.scripts (
    project_id uuid not null,
    text text not null,
    id uuid not null,
    created_at timestamptz not null,
    primary key (id),
    foreign key (project_id) references public.video_projects (id) on delete cascade
);
create index if not exists ix_scripts_project_id on public.scripts (project_id);

create table if not exists public.style_bibles (
    project_id uuid not null,
    name text not null,
    body jsonb not null,
    id uuid not null,
    created_at timestamptz not null,
    primary key (id),
    foreign key (project_id) references public.video_projects (id) on delete cascade
);
create index if not exists ix_style_bibles_project_id on public.style_bibles (project_id);

create table if not exists public.video_assets (
    project_id uuid not null,
    kind varchar(20) not null,
    storage_key text not null,
    sha256 varchar(64) not null,
    size_bytes integer not null,
    mime text not null,
    duration_seconds double precision,
    width integer,
    height integer,
    id uuid not null,
    created_at timestamptz not null,
    primary key (id),
    unique (storage_key),
    foreign key (project_id) references public.video_projects (id) on delete cascade
);
create index if not exists ix_video_assets_project_id on public.video_assets (project_id);

create table if not exists public.content_briefs (
    project_id uuid not null,
    style_bible_id uuid not null,
    title text not null,
    objective text not null,
    audience text not null,
    tone text not null,
    call_to_action text not null,
    language varchar(3) not null,
    id uuid not null,
    created_at timestamptz not null,
    primary key (id),
    foreign key (project_id) references public.video_projects (id) on delete cascade,
    foreign key (style_bible_id) references public.style_bibles (id) on delete cascade
);
create index if not exists ix_content_briefs_project_id on public.content_briefs (project_id);
create index if not exists ix_content_briefs_style_bible_id on public.content_briefs (style_bible_id);

create table if not exists public.character_bibles (
    project_id uuid not null,
    content_brief_id uuid not null,
    position integer not null,
    name text not null,
    body jsonb not null,
    id uuid not null,
    created_at timestamptz not null,
    primary key (id),
    foreign key (project_id) references public.video_projects (id) on delete cascade,
    foreign key (content_brief_id) references public.content_briefs (id) on delete cascade
);
create index if not exists ix_character_bibles_content_brief_id on public.character_bibles (content_brief_id);
create index if not exists ix_character_bibles_project_id on public.character_bibles (project_id);

create table if not exists public.clip_plans (
    project_id uuid not null,
    content_brief_id uuid not null,
    script_id uuid not null,
    status varchar(20) not null,
    settings jsonb not null,
    plan jsonb not null,
    words_per_minute integer not null,
    max_attempts integer not null,
    total_seconds integer not null,
    spoken_words integer not null,
    request_key varchar(200),
    flow_generation integer not null,
    is_parked boolean not null,
    reason text not null,
    pause_cause text not null,
    started_at timestamptz,
    finished_at timestamptz,
    updated_at timestamptz not null,
    id uuid not null,
    created_at timestamptz not null,
    primary key (id),
    constraint total_seconds_in_range check (total_seconds between 1 and 300),
    constraint words_per_minute_in_range check (words_per_minute between 90 and 200),
    constraint max_attempts_in_range check (max_attempts between 1 and 10),
    foreign key (project_id) references public.video_projects (id) on delete cascade,
    foreign key (content_brief_id) references public.content_briefs (id) on delete cascade,
    foreign key (script_id) references public.scripts (id) on delete cascade,
    unique (request_key)
);
create index if not exists ix_clip_plans_content_brief_id on public.clip_plans (content_brief_id);
create index if not exists ix_clip_plans_project_id on public.clip_plans (project_id);
create index if not exists ix_clip_plans_script_id on public.clip_plans (script_id);
create index if not exists ix_clip_plans_status on public.clip_plans (status);

create table if not exists public.animatics (
    clip_plan_id uuid not null,
    generation integer not null,
    is_open boolean not null,
    error text not null,
    updated_at timestamptz not null,
    id uuid not null,
    created_at timestamptz not null,
    primary key (id),
    unique (clip_plan_id),
    foreign key (clip_plan_id) references public.clip_plans (id) on delete cascade
);
create index if not exists ix_animatics_clip_plan_id on public.animatics (clip_plan_id);

create table if not exists public.final_renders (
    clip_plan_id uuid not null,
    status varchar(20) not null,
    timeline jsonb not null,
    transition text not null,
    progress double precision not null,
    asset_id uuid,
    poster_asset_id uuid,
    duration_seconds double precision,
    missing_clips integer not null,
    frames_copied integer not null,
    frames_encoded integer not null,
    loudness_lufs double precision,
    error text not null,
    crashes integer not null,
    finished_at timestamptz,
    updated_at timestamptz not null,
    id uuid not null,
    created_at timestamptz not null,
    primary key (id),
    foreign key (clip_plan_id) references public.clip_plans (id) on delete cascade,
    foreign key (asset_id) references public.video_assets (id) on delete set null,
    foreign key (poster_asset_id) references public.video_assets (id) on delete set null
);
create index if not exists ix_final_renders_asset_id on public.final_renders (asset_id);
create index if not exists ix_final_renders_clip_plan_id on public.final_renders (clip_plan_id);
create index if not exists ix_final_renders_poster_asset_id on public.final_renders (poster_asset_id);

create table if not exists public.scenes (
    clip_plan_id uuid not null,
    position integer not null,
    title text not null,
    id uuid not null,
    created_at timestamptz not null,
    primary key (id),
    unique (clip_plan_id, position),
    foreign key (clip_plan_id) references public.clip_plans (id) on delete cascade
);
create index if not exists ix_scenes_clip_plan_id on public.scenes (clip_plan_id);

create table if not exists public.clip_plan_clips (
    clip_plan_id uuid not null,
    scene_id uuid not null,
    position integer not null,
    order_key integer not null,
    text text not null,
    words integer not null,
    seconds integer not null,
    visual_intent text not null,
    acceptance jsonb not null,
    speaker text not null,
    prompt text not null,
    remix_of text not null,
    status varchar(20) not null,
    reason text not null,
    generation integer not null,
    cycle_start integer not null,
    accepted_run_id uuid,
    removed_at timestamptz,
    provider text not null,
    model text not null,
    transition jsonb,
    reference_asset_id text not null,
    variation_of text not null,
    animatic_asset_id text not null,
    animatic_key text not null,
    updated_at timestamptz not null,
    id uuid not null,
    created_at timestamptz not null,
    primary key (id),
    unique (clip_plan_id, position),
    constraint seconds_positive check (seconds > 0),
    foreign key (clip_plan_id) references public.clip_plans (id) on delete cascade,
    foreign key (scene_id) references public.scenes (id) on delete cascade
);
create index if not exists ix_clip_plan_clips_clip_plan_id on public.clip_plan_clips (clip_plan_id);
create index if not exists ix_clip_plan_clips_scene_id on public.clip_plan_clips (scene_id);
create index if not exists ix_clip_plan_clips_status on public.clip_plan_clips (status);

create table if not exists public.ratings (
    final_render_id uuid not null,
    stars integer not null,
    comment text not null,
    made_by text not null,
    id uuid not null,
    created_at timestamptz not null,
    primary key (id),
    unique (final_render_id, made_by),
    constraint stars_in_range check (stars between 1 and 5),
    foreign key (final_render_id) references public.final_renders (id) on delete cascade
);
create index if not exists ix_ratings_final_render_id on public.ratings (final_render_id);

create table if not exists public.clip_runs (
    clip_id uuid not null,
    attempt integer not null,
    status varchar(20) not null,
    provider text not null,
    model text not null,
    endpoint text not null,
    request jsonb not null,
    patches jsonb not null,
    generation_id text not null,
    provider_state text not null,
    provider_status text not null,
    progress double precision,
    error_code text not null,
    error_message text not null,
    retry_after_seconds double precision,
    narration text not null,
    asset_id uuid,
    poster_asset_id uuid,
    repair jsonb,
    source_run_id text not null,
    reference_asset_id text not null,
    edit jsonb,
    crashes integer not null,
    settled_at timestamptz,
    updated_at timestamptz not null,
    id uuid not null,
    created_at timestamptz not null,
    primary key (id),
    unique (clip_id, attempt),
    foreign key (clip_id) references public.clip_plan_clips (id) on delete cascade,
    foreign key (asset_id) references public.video_assets (id) on delete set null,
    foreign key (poster_asset_id) references public.video_assets (id) on delete set null
);
create index if not exists ix_clip_runs_asset_id on public.clip_runs (asset_id);
create index if not exists ix_clip_runs_clip_id on public.clip_runs (clip_id);
create index if not exists ix_clip_runs_poster_asset_id on public.clip_runs (poster_asset_id);

create table if not exists public.assessment_overrides (
    clip_run_id uuid not null,
    check_name text not null,
    old_value text not null,
    new_value text not null,
    reason text not null,
    made_by text not null,
    before jsonb,
    id uuid not null,
    created_at timestamptz not null,
    primary key (id),
    foreign key (clip_run_id) references public.clip_runs (id) on delete cascade
);
create index if not exists ix_assessment_overrides_clip_run_id on public.assessment_overrides (clip_run_id);

create table if not exists public.assessments (
    clip_run_id uuid not null,
    verdict varchar(20) not null,
    score double precision,
    weight_run double precision not null,
    body jsonb not null,
    id uuid not null,
    created_at timestamptz not null,
    primary key (id),
    foreign key (clip_run_id) references public.clip_runs (id) on delete cascade
);
create index if not exists ix_assessments_clip_run_id on public.assessments (clip_run_id);
create index if not exists ix_assessments_verdict on public.assessments (verdict);

create table if not exists public.perception_calls (
    key varchar(64) not null,
    project_id uuid not null,
    clip_run_id uuid not null,
    model text not null,
    endpoint text not null,
    state varchar(20) not null,
    asks integer not null,
    lost integer not null,
    owner text not null,
    ask_by timestamptz not null,
    answered_at timestamptz,
    input_tokens integer,
    output_tokens integer,
    cost_usd double precision not null,
    estimated_usd double precision not null,
    answers jsonb,
    error_message text not null,
    id uuid not null,
    created_at timestamptz not null,
    primary key (id),
    unique (key),
    constraint state_known check (state in ('intent', 'answered', 'failed')),
    foreign key (project_id) references public.video_projects (id) on delete cascade,
    foreign key (clip_run_id) references public.clip_runs (id) on delete cascade
);
create index if not exists ix_perception_calls_clip_run_id on public.perception_calls (clip_run_id);
create index if not exists ix_perception_calls_project_id on public.perception_calls (project_id);

create table if not exists public.preferences (
    chosen_run_id uuid not null,
    other_run_id uuid not null,
    is_blind boolean not null,
    made_by text not null,
    id uuid not null,
    created_at timestamptz not null,
    primary key (id),
    foreign key (chosen_run_id) references public.clip_runs (id) on delete cascade,
    foreign key (other_run_id) references public.clip_runs (id) on delete cascade
);
create index if not exists ix_preferences_chosen_run_id on public.preferences (chosen_run_id);
create index if not exists ix_preferences_other_run_id on public.preferences (other_run_id);

create table if not exists public.provider_calls (
    key text not null,
    project_id uuid not null,
    clip_run_id uuid not null,
    provider text not null,
    model text not null,
    endpoint text not null,
    request_hash varchar(64) not null,
    state varchar(20) not null,
    generation_id text,
    cost_usd double precision not null,
    estimated_usd double precision,
    balance_before_usd double precision,
    balance_after_usd double precision,
    owner text not null,
    sends integer not null,
    send_by timestamptz not null,
    sent_at timestamptz not null,
    accepted_at timestamptz,
    finished_at timestamptz,
    error_code text not null,
    error_message text not null,
    is_adopted boolean default false not null,
    id uuid not null,
    created_at timestamptz not null,
    primary key (id),
    unique (key),
    constraint state_known check (state in ('intent', 'accepted', 'refused', 'needs_decision')),
    foreign key (project_id) references public.video_projects (id) on delete cascade,
    foreign key (clip_run_id) references public.clip_runs (id) on delete cascade
);
create index if not exists ix_provider_calls_clip_run_id on public.provider_calls (clip_run_id);
create unique index if not exists ix_provider_calls_generation on public.provider_calls (provider, endpoint, generation_id);
create index if not exists ix_provider_calls_project_id on public.provider_calls (project_id);

-- Defaults that only served to add a column.
alter table public.clip_plans
    alter column reason drop default,
    alter column pause_cause drop default;
alter table public.clip_runs
    alter column provider_state drop default,
    alter column narration drop default,
    alter column crashes drop default,
    alter column source_run_id drop default,
    alter column reference_asset_id drop default;
alter table public.final_renders
    alter column crashes drop default,
    alter column missing_clips drop default;
alter table public.clip_plan_clips
    alter column provider drop default,
    alter column model drop default,
    alter column reference_asset_id drop default,
    alter column variation_of drop default,
    alter column animatic_asset_id drop default,
    alter column animatic_key drop default;

-- Versions before these files look here, find a number they do not know, and leave the database alone.
create table if not exists public.schema_versions (
    version integer primary key,
    applied_at timestamptz not null default now()
);
insert into public.schema_versions (version) values (6) on conflict do nothing;
