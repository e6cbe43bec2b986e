-- A database as schema version 5 made it, before the migrations were files, with a take in it and what it hangs on.
CREATE TABLE public.animatics (
    clip_plan_id uuid NOT NULL,
    generation integer NOT NULL,
    is_open boolean NOT NULL,
    error text NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL
);

CREATE TABLE public.assessment_overrides (
    clip_run_id uuid NOT NULL,
    check_name text NOT NULL,
    old_value text NOT NULL,
    new_value text NOT NULL,
    reason text NOT NULL,
    made_by text NOT NULL,
    before jsonb,
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL
);

CREATE TABLE public.assessments (
    clip_run_id uuid NOT NULL,
    verdict character varying(20) NOT NULL,
    score double precision,
    weight_run double precision NOT NULL,
    body jsonb NOT NULL,
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL
);

CREATE TABLE public.character_bibles (
    project_id uuid NOT NULL,
    content_brief_id uuid NOT NULL,
    "position" integer NOT NULL,
    name text NOT NULL,
    body jsonb NOT NULL,
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL
);

CREATE TABLE public.clip_plan_clips (
    clip_plan_id uuid NOT NULL,
    scene_id uuid NOT NULL,
    "position" integer NOT NULL,
    order_key integer NOT NULL,
    text text NOT NULL,
    words integer NOT NULL,
    seconds integer NOT NULL,
    visual_intent text NOT NULL,
    acceptance jsonb NOT NULL,
    speaker text NOT NULL,
    prompt text NOT NULL,
    remix_of text NOT NULL,
    status character varying(20) NOT NULL,
    reason text NOT NULL,
    generation integer NOT NULL,
    cycle_start integer NOT NULL,
    accepted_run_id uuid,
    removed_at timestamp with time zone,
    provider text NOT NULL,
    model text NOT NULL,
    transition jsonb,
    reference_asset_id text NOT NULL,
    variation_of text NOT NULL,
    animatic_asset_id text NOT NULL,
    animatic_key text NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT seconds_positive CHECK ((seconds > 0))
);

CREATE TABLE public.clip_plans (
    project_id uuid NOT NULL,
    content_brief_id uuid NOT NULL,
    script_id uuid NOT NULL,
    status character varying(20) NOT NULL,
    settings jsonb NOT NULL,
    plan jsonb NOT NULL,
    words_per_minute integer NOT NULL,
    max_attempts integer NOT NULL,
    total_seconds integer NOT NULL,
    spoken_words integer NOT NULL,
    request_key character varying(200),
    flow_generation integer NOT NULL,
    is_parked boolean NOT NULL,
    reason text NOT NULL,
    pause_cause text NOT NULL,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    updated_at timestamp with time zone NOT NULL,
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT max_attempts_in_range CHECK (((max_attempts >= 1) AND (max_attempts <= 10))),
    CONSTRAINT total_seconds_in_range CHECK (((total_seconds >= 1) AND (total_seconds <= 300))),
    CONSTRAINT words_per_minute_in_range CHECK (((words_per_minute >= 90) AND (words_per_minute <= 200)))
);

CREATE TABLE public.clip_runs (
    clip_id uuid NOT NULL,
    attempt integer NOT NULL,
    status character varying(20) NOT NULL,
    provider text NOT NULL,
    model text NOT NULL,
    endpoint text NOT NULL,
    request jsonb NOT NULL,
    patches jsonb NOT NULL,
    generation_id text NOT NULL,
    provider_state text NOT NULL,
    provider_status text NOT NULL,
    progress double precision,
    error_code text NOT NULL,
    error_message text NOT NULL,
    retry_after_seconds double precision,
    narration text NOT NULL,
    asset_id uuid,
    poster_asset_id uuid,
    repair jsonb,
    source_run_id text NOT NULL,
    reference_asset_id text NOT NULL,
    edit jsonb,
    crashes integer NOT NULL,
    settled_at timestamp with time zone,
    updated_at timestamp with time zone NOT NULL,
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL
);

CREATE TABLE public.content_briefs (
    project_id uuid NOT NULL,
    style_bible_id uuid NOT NULL,
    title text NOT NULL,
    objective text NOT NULL,
    audience text NOT NULL,
    tone text NOT NULL,
    call_to_action text NOT NULL,
    language character varying(3) NOT NULL,
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL
);

CREATE TABLE public.edits (
    project_id uuid NOT NULL,
    kind character varying(20) NOT NULL,
    label text NOT NULL,
    before jsonb NOT NULL,
    after jsonb NOT NULL,
    made_by text NOT NULL,
    undone_at timestamp with time zone,
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL
);

CREATE TABLE public.executors (
    id character varying(200) NOT NULL,
    host text NOT NULL,
    pid integer NOT NULL,
    role character varying(20) NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL
);

CREATE TABLE public.final_renders (
    clip_plan_id uuid NOT NULL,
    status character varying(20) NOT NULL,
    timeline jsonb NOT NULL,
    transition text NOT NULL,
    progress double precision NOT NULL,
    asset_id uuid,
    poster_asset_id uuid,
    duration_seconds double precision,
    missing_clips integer NOT NULL,
    frames_copied integer NOT NULL,
    frames_encoded integer NOT NULL,
    loudness_lufs double precision,
    error text NOT NULL,
    crashes integer NOT NULL,
    finished_at timestamp with time zone,
    updated_at timestamp with time zone NOT NULL,
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL
);

CREATE TABLE public.perception_calls (
    key character varying(64) NOT NULL,
    project_id uuid NOT NULL,
    clip_run_id uuid NOT NULL,
    model text NOT NULL,
    endpoint text NOT NULL,
    state character varying(20) NOT NULL,
    asks integer NOT NULL,
    lost integer NOT NULL,
    owner text NOT NULL,
    ask_by timestamp with time zone NOT NULL,
    answered_at timestamp with time zone,
    input_tokens integer,
    output_tokens integer,
    cost_usd double precision NOT NULL,
    estimated_usd double precision NOT NULL,
    answers jsonb,
    error_message text NOT NULL,
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT state_known CHECK (state in ('intent', 'answered', 'failed'))
);

CREATE TABLE public.preferences (
    chosen_run_id uuid NOT NULL,
    other_run_id uuid NOT NULL,
    is_blind boolean NOT NULL,
    made_by text NOT NULL,
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL
);

CREATE TABLE public.provider_calls (
    key text NOT NULL,
    project_id uuid NOT NULL,
    clip_run_id uuid NOT NULL,
    provider text NOT NULL,
    model text NOT NULL,
    endpoint text NOT NULL,
    request_hash character varying(64) NOT NULL,
    state character varying(20) NOT NULL,
    generation_id text,
    cost_usd double precision NOT NULL,
    estimated_usd double precision,
    balance_before_usd double precision,
    balance_after_usd double precision,
    owner text NOT NULL,
    sends integer NOT NULL,
    send_by timestamp with time zone NOT NULL,
    sent_at timestamp with time zone NOT NULL,
    accepted_at timestamp with time zone,
    finished_at timestamp with time zone,
    error_code text NOT NULL,
    error_message text NOT NULL,
    is_adopted boolean DEFAULT false NOT NULL,
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT state_known CHECK (state in ('intent', 'accepted', 'refused', 'needs_decision'))
);

CREATE TABLE public.provider_turns (
    id text NOT NULL,
    due_at timestamp with time zone NOT NULL,
    held_until timestamp with time zone,
    created_at timestamp with time zone NOT NULL
);

CREATE TABLE public.provider_waits (
    id text NOT NULL,
    site text NOT NULL,
    waiters jsonb NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone NOT NULL
);

CREATE TABLE public.ratings (
    final_render_id uuid NOT NULL,
    stars integer NOT NULL,
    comment text NOT NULL,
    made_by text NOT NULL,
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT stars_in_range CHECK (((stars >= 1) AND (stars <= 5)))
);

CREATE TABLE public.scenes (
    clip_plan_id uuid NOT NULL,
    "position" integer NOT NULL,
    title text NOT NULL,
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL
);

CREATE TABLE public.schema_versions (
    version integer NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.scripts (
    project_id uuid NOT NULL,
    text text NOT NULL,
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL
);

CREATE TABLE public.style_bibles (
    project_id uuid NOT NULL,
    name text NOT NULL,
    body jsonb NOT NULL,
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL
);

CREATE TABLE public.video_assets (
    project_id uuid NOT NULL,
    kind character varying(20) NOT NULL,
    storage_key text NOT NULL,
    sha256 character varying(64) NOT NULL,
    size_bytes integer NOT NULL,
    mime text NOT NULL,
    duration_seconds double precision,
    width integer,
    height integer,
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL
);

CREATE TABLE public.video_projects (
    name text NOT NULL,
    kind character varying(10) NOT NULL,
    settings jsonb NOT NULL,
    request_key character varying(64),
    archived_at timestamp with time zone,
    deleted_at timestamp with time zone,
    updated_at timestamp with time zone NOT NULL,
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT kind_known CHECK (kind in ('film', 'single'))
);

CREATE TABLE public.workspaces (
    id character varying(20) NOT NULL,
    settings jsonb NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone NOT NULL
);

INSERT INTO public.clip_plan_clips VALUES ('6cbdbf52-af52-433d-9744-4b1783f8f66a', 'c781a98b-cc74-4c5b-8611-e8be237a0df9', 1, 1, 'Hello.', 1, 4, 'A hill', '[]', '', '', '', 'passed', '', 1, 0, NULL, NULL, '', '', NULL, '', '', '', '', '2026-11-23 11:21:56.356585+00', 'f7f9c0a9-1e22-4582-b6cb-863a5e6bfab2', '2026-11-23 11:21:56.356589+00');

INSERT INTO public.clip_plans VALUES ('b71bc481-bfe0-4677-b2e6-d37f6ceacde7', 'd93700da-9e2c-4380-9aae-a62d60fcf18f', '8a634608-1a52-41e9-b3bd-0001d35cfb32', 'completed', '{}', '{}', 150, 3, 4, 1, NULL, 0, true, '', '', NULL, NULL, '2026-11-23 11:21:56.341615+00', '6cbdbf52-af52-433d-9744-4b1783f8f66a', '2026-11-23 11:21:56.341627+00');

INSERT INTO public.clip_runs VALUES ('f7f9c0a9-1e22-4582-b6cb-863a5e6bfab2', 1, 'settled', 'sora', 'sora-2', '', '{"prompt": "A hill"}', '[]', 'video_1', '', '', NULL, '', '', NULL, '', NULL, NULL, NULL, '', '', NULL, 0, '2026-11-01 09:30:00+00', '2026-11-23 11:21:56.393191+00', '0901ed3e-ac7b-41df-9d08-1959988084e8', '2026-11-23 11:21:56.393198+00');

INSERT INTO public.content_briefs VALUES ('b71bc481-bfe0-4677-b2e6-d37f6ceacde7', '19ef580a-1d1c-4e26-b7e6-2a8cdbe14e56', '', '', '', '', '', 'en', 'd93700da-9e2c-4380-9aae-a62d60fcf18f', '2026-11-23 11:21:56.189604+00');

INSERT INTO public.provider_calls VALUES ('0901ed3e-ac7b-41df-9d08-1959988084e8', 'b71bc481-bfe0-4677-b2e6-d37f6ceacde7', '0901ed3e-ac7b-41df-9d08-1959988084e8', 'sora', 'sora-2', '', '0000000000000000000000000000000000000000000000000000000000000000', 'accepted', 'video_1', 0.4, NULL, NULL, NULL, 'local', 1, '2026-11-01 09:30:00+00', '2026-11-01 09:30:00+00', NULL, NULL, '', '', false, 'd079df9b-e132-40e6-ba7c-723f5df07258', '2026-11-23 11:21:56.398756+00');

INSERT INTO public.scenes VALUES ('6cbdbf52-af52-433d-9744-4b1783f8f66a', 1, 'One', 'c781a98b-cc74-4c5b-8611-e8be237a0df9', '2026-11-23 11:21:56.349432+00');

INSERT INTO public.schema_versions VALUES (5, '2026-11-23 11:21:55.867368+00');

INSERT INTO public.scripts VALUES ('b71bc481-bfe0-4677-b2e6-d37f6ceacde7', 'Hello.', '8a634608-1a52-41e9-b3bd-0001d35cfb32', '2026-11-23 11:21:56.191957+00');

INSERT INTO public.style_bibles VALUES ('b71bc481-bfe0-4677-b2e6-d37f6ceacde7', 'Default look', '{"mood": "", "name": "Default look", "avoid": [], "rules": [], "camera": "", "palette": "", "lighting": ""}', '19ef580a-1d1c-4e26-b7e6-2a8cdbe14e56', '2026-11-23 11:21:56.183466+00');

INSERT INTO public.video_projects VALUES ('Harbour', 'film', '{}', NULL, NULL, NULL, '2026-11-23 11:21:56.181201+00', 'b71bc481-bfe0-4677-b2e6-d37f6ceacde7', '2026-11-23 11:21:56.181214+00');

ALTER TABLE ONLY public.animatics
    ADD CONSTRAINT animatics_clip_plan_id_key UNIQUE (clip_plan_id);

ALTER TABLE ONLY public.animatics
    ADD CONSTRAINT animatics_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.assessment_overrides
    ADD CONSTRAINT assessment_overrides_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.assessments
    ADD CONSTRAINT assessments_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.character_bibles
    ADD CONSTRAINT character_bibles_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.clip_plan_clips
    ADD CONSTRAINT clip_plan_clips_clip_plan_id_position_key UNIQUE (clip_plan_id, "position");

ALTER TABLE ONLY public.clip_plan_clips
    ADD CONSTRAINT clip_plan_clips_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.clip_plans
    ADD CONSTRAINT clip_plans_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.clip_plans
    ADD CONSTRAINT clip_plans_request_key_key UNIQUE (request_key);

ALTER TABLE ONLY public.clip_runs
    ADD CONSTRAINT clip_runs_clip_id_attempt_key UNIQUE (clip_id, attempt);

ALTER TABLE ONLY public.clip_runs
    ADD CONSTRAINT clip_runs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.content_briefs
    ADD CONSTRAINT content_briefs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.edits
    ADD CONSTRAINT edits_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.executors
    ADD CONSTRAINT executors_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.final_renders
    ADD CONSTRAINT final_renders_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.perception_calls
    ADD CONSTRAINT perception_calls_key_key UNIQUE (key);

ALTER TABLE ONLY public.perception_calls
    ADD CONSTRAINT perception_calls_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.preferences
    ADD CONSTRAINT preferences_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.provider_calls
    ADD CONSTRAINT provider_calls_key_key UNIQUE (key);

ALTER TABLE ONLY public.provider_calls
    ADD CONSTRAINT provider_calls_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.provider_turns
    ADD CONSTRAINT provider_turns_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.provider_waits
    ADD CONSTRAINT provider_waits_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.ratings
    ADD CONSTRAINT ratings_final_render_id_made_by_key UNIQUE (final_render_id, made_by);

ALTER TABLE ONLY public.ratings
    ADD CONSTRAINT ratings_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.scenes
    ADD CONSTRAINT scenes_clip_plan_id_position_key UNIQUE (clip_plan_id, "position");

ALTER TABLE ONLY public.scenes
    ADD CONSTRAINT scenes_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.schema_versions
    ADD CONSTRAINT schema_versions_pkey PRIMARY KEY (version);

ALTER TABLE ONLY public.scripts
    ADD CONSTRAINT scripts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.style_bibles
    ADD CONSTRAINT style_bibles_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.video_assets
    ADD CONSTRAINT video_assets_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.video_assets
    ADD CONSTRAINT video_assets_storage_key_key UNIQUE (storage_key);

ALTER TABLE ONLY public.video_projects
    ADD CONSTRAINT video_projects_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.workspaces
    ADD CONSTRAINT workspaces_pkey PRIMARY KEY (id);

CREATE INDEX ix_animatics_clip_plan_id ON public.animatics USING btree (clip_plan_id);

CREATE INDEX ix_assessment_overrides_clip_run_id ON public.assessment_overrides USING btree (clip_run_id);

CREATE INDEX ix_assessments_clip_run_id ON public.assessments USING btree (clip_run_id);

CREATE INDEX ix_assessments_verdict ON public.assessments USING btree (verdict);

CREATE INDEX ix_character_bibles_content_brief_id ON public.character_bibles USING btree (content_brief_id);

CREATE INDEX ix_character_bibles_project_id ON public.character_bibles USING btree (project_id);

CREATE INDEX ix_clip_plan_clips_clip_plan_id ON public.clip_plan_clips USING btree (clip_plan_id);

CREATE INDEX ix_clip_plan_clips_scene_id ON public.clip_plan_clips USING btree (scene_id);

CREATE INDEX ix_clip_plan_clips_status ON public.clip_plan_clips USING btree (status);

CREATE INDEX ix_clip_plans_content_brief_id ON public.clip_plans USING btree (content_brief_id);

CREATE INDEX ix_clip_plans_project_id ON public.clip_plans USING btree (project_id);

CREATE INDEX ix_clip_plans_script_id ON public.clip_plans USING btree (script_id);

CREATE INDEX ix_clip_plans_status ON public.clip_plans USING btree (status);

CREATE INDEX ix_clip_runs_asset_id ON public.clip_runs USING btree (asset_id);

CREATE INDEX ix_clip_runs_clip_id ON public.clip_runs USING btree (clip_id);

CREATE INDEX ix_clip_runs_poster_asset_id ON public.clip_runs USING btree (poster_asset_id);

CREATE INDEX ix_content_briefs_project_id ON public.content_briefs USING btree (project_id);

CREATE INDEX ix_content_briefs_style_bible_id ON public.content_briefs USING btree (style_bible_id);

CREATE INDEX ix_edits_project_id ON public.edits USING btree (project_id);

CREATE INDEX ix_final_renders_asset_id ON public.final_renders USING btree (asset_id);

CREATE INDEX ix_final_renders_clip_plan_id ON public.final_renders USING btree (clip_plan_id);

CREATE INDEX ix_final_renders_poster_asset_id ON public.final_renders USING btree (poster_asset_id);

CREATE INDEX ix_perception_calls_clip_run_id ON public.perception_calls USING btree (clip_run_id);

CREATE INDEX ix_perception_calls_project_id ON public.perception_calls USING btree (project_id);

CREATE INDEX ix_preferences_chosen_run_id ON public.preferences USING btree (chosen_run_id);

CREATE INDEX ix_preferences_other_run_id ON public.preferences USING btree (other_run_id);

CREATE INDEX ix_provider_calls_clip_run_id ON public.provider_calls USING btree (clip_run_id);

CREATE UNIQUE INDEX ix_provider_calls_generation ON public.provider_calls USING btree (provider, endpoint, generation_id);

CREATE INDEX ix_provider_calls_project_id ON public.provider_calls USING btree (project_id);

CREATE INDEX ix_ratings_final_render_id ON public.ratings USING btree (final_render_id);

CREATE INDEX ix_scenes_clip_plan_id ON public.scenes USING btree (clip_plan_id);

CREATE INDEX ix_scripts_project_id ON public.scripts USING btree (project_id);

CREATE INDEX ix_style_bibles_project_id ON public.style_bibles USING btree (project_id);

CREATE INDEX ix_video_assets_project_id ON public.video_assets USING btree (project_id);

CREATE INDEX ix_video_projects_request_key ON public.video_projects USING btree (request_key);

ALTER TABLE ONLY public.animatics
    ADD CONSTRAINT animatics_clip_plan_id_fkey FOREIGN KEY (clip_plan_id) REFERENCES public.clip_plans(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.assessment_overrides
    ADD CONSTRAINT assessment_overrides_clip_run_id_fkey FOREIGN KEY (clip_run_id) REFERENCES public.clip_runs(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.assessments
    ADD CONSTRAINT assessments_clip_run_id_fkey FOREIGN KEY (clip_run_id) REFERENCES public.clip_runs(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.character_bibles
    ADD CONSTRAINT character_bibles_content_brief_id_fkey FOREIGN KEY (content_brief_id) REFERENCES public.content_briefs(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.character_bibles
    ADD CONSTRAINT character_bibles_project_id_fkey FOREIGN KEY (project_id) REFERENCES public.video_projects(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.clip_plan_clips
    ADD CONSTRAINT clip_plan_clips_clip_plan_id_fkey FOREIGN KEY (clip_plan_id) REFERENCES public.clip_plans(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.clip_plan_clips
    ADD CONSTRAINT clip_plan_clips_scene_id_fkey FOREIGN KEY (scene_id) REFERENCES public.scenes(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.clip_plans
    ADD CONSTRAINT clip_plans_content_brief_id_fkey FOREIGN KEY (content_brief_id) REFERENCES public.content_briefs(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.clip_plans
    ADD CONSTRAINT clip_plans_project_id_fkey FOREIGN KEY (project_id) REFERENCES public.video_projects(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.clip_plans
    ADD CONSTRAINT clip_plans_script_id_fkey FOREIGN KEY (script_id) REFERENCES public.scripts(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.clip_runs
    ADD CONSTRAINT clip_runs_asset_id_fkey FOREIGN KEY (asset_id) REFERENCES public.video_assets(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.clip_runs
    ADD CONSTRAINT clip_runs_clip_id_fkey FOREIGN KEY (clip_id) REFERENCES public.clip_plan_clips(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.clip_runs
    ADD CONSTRAINT clip_runs_poster_asset_id_fkey FOREIGN KEY (poster_asset_id) REFERENCES public.video_assets(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.content_briefs
    ADD CONSTRAINT content_briefs_project_id_fkey FOREIGN KEY (project_id) REFERENCES public.video_projects(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.content_briefs
    ADD CONSTRAINT content_briefs_style_bible_id_fkey FOREIGN KEY (style_bible_id) REFERENCES public.style_bibles(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.edits
    ADD CONSTRAINT edits_project_id_fkey FOREIGN KEY (project_id) REFERENCES public.video_projects(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.final_renders
    ADD CONSTRAINT final_renders_asset_id_fkey FOREIGN KEY (asset_id) REFERENCES public.video_assets(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.final_renders
    ADD CONSTRAINT final_renders_clip_plan_id_fkey FOREIGN KEY (clip_plan_id) REFERENCES public.clip_plans(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.final_renders
    ADD CONSTRAINT final_renders_poster_asset_id_fkey FOREIGN KEY (poster_asset_id) REFERENCES public.video_assets(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.perception_calls
    ADD CONSTRAINT perception_calls_clip_run_id_fkey FOREIGN KEY (clip_run_id) REFERENCES public.clip_runs(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.perception_calls
    ADD CONSTRAINT perception_calls_project_id_fkey FOREIGN KEY (project_id) REFERENCES public.video_projects(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.preferences
    ADD CONSTRAINT preferences_chosen_run_id_fkey FOREIGN KEY (chosen_run_id) REFERENCES public.clip_runs(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.preferences
    ADD CONSTRAINT preferences_other_run_id_fkey FOREIGN KEY (other_run_id) REFERENCES public.clip_runs(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.provider_calls
    ADD CONSTRAINT provider_calls_clip_run_id_fkey FOREIGN KEY (clip_run_id) REFERENCES public.clip_runs(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.provider_calls
    ADD CONSTRAINT provider_calls_project_id_fkey FOREIGN KEY (project_id) REFERENCES public.video_projects(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.ratings
    ADD CONSTRAINT ratings_final_render_id_fkey FOREIGN KEY (final_render_id) REFERENCES public.final_renders(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.scenes
    ADD CONSTRAINT scenes_clip_plan_id_fkey FOREIGN KEY (clip_plan_id) REFERENCES public.clip_plans(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.scripts
    ADD CONSTRAINT scripts_project_id_fkey FOREIGN KEY (project_id) REFERENCES public.video_projects(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.style_bibles
    ADD CONSTRAINT style_bibles_project_id_fkey FOREIGN KEY (project_id) REFERENCES public.video_projects(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.video_assets
    ADD CONSTRAINT video_assets_project_id_fkey FOREIGN KEY (project_id) REFERENCES public.video_projects(id) ON DELETE CASCADE;

