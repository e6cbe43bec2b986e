-- The three tables that schema version 2 added columns to, as version 1 made them, with a row in each.
PRAGMA user_version = 1;
CREATE TABLE clip_plans (
    project_id CHAR(32) NOT NULL,
    content_brief_id CHAR(32) NOT NULL,
    script_id CHAR(32) NOT NULL,
    status VARCHAR(20) NOT NULL,
    settings JSON NOT NULL,
    "plan" JSON NOT NULL,
    words_per_minute INTEGER NOT NULL,
    max_attempts INTEGER NOT NULL,
    total_seconds INTEGER NOT NULL,
    spoken_words INTEGER NOT NULL,
    request_key VARCHAR(200),
    flow_generation INTEGER NOT NULL,
    is_parked BOOLEAN NOT NULL,
    started_at DATETIME,
    finished_at DATETIME,
    updated_at DATETIME NOT NULL,
    id CHAR(32) NOT NULL,
    created_at DATETIME NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT total_seconds_in_range CHECK (total_seconds between 1 and 300),
    CONSTRAINT words_per_minute_in_range CHECK (words_per_minute between 90 and 200),
    CONSTRAINT max_attempts_in_range CHECK (max_attempts between 1 and 10),
    FOREIGN KEY(project_id) REFERENCES video_projects (id) ON DELETE CASCADE,
    FOREIGN KEY(content_brief_id) REFERENCES content_briefs (id) ON DELETE CASCADE,
    FOREIGN KEY(script_id) REFERENCES scripts (id) ON DELETE CASCADE,
    UNIQUE (request_key)
);
CREATE INDEX ix_clip_plans_content_brief_id ON clip_plans (content_brief_id);
CREATE INDEX ix_clip_plans_project_id ON clip_plans (project_id);
CREATE INDEX ix_clip_plans_script_id ON clip_plans (script_id);
CREATE INDEX ix_clip_plans_status ON clip_plans (status);
INSERT INTO "clip_plans" VALUES('00000000000040008000000000000001','00000000000040008000000000000008','00000000000040008000000000000006','completed','{"provider": "sora"}','{}',150,3,4,1,NULL,0,1,'2026-11-01 09:30:00.000000',NULL,'2026-11-01 09:30:00.000000','00000000000040008000000000000002','2026-11-01 09:30:00.000000');
CREATE TABLE clip_runs (
    clip_id CHAR(32) NOT NULL,
    attempt INTEGER NOT NULL,
    status VARCHAR(20) NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    request JSON NOT NULL,
    patches JSON NOT NULL,
    generation_id TEXT NOT NULL,
    provider_status TEXT NOT NULL,
    progress DOUBLE,
    error_code TEXT NOT NULL,
    error_message TEXT NOT NULL,
    retry_after_seconds DOUBLE,
    asset_id CHAR(32),
    poster_asset_id CHAR(32),
    repair JSON,
    settled_at DATETIME,
    updated_at DATETIME NOT NULL,
    id CHAR(32) NOT NULL,
    created_at DATETIME NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (clip_id, attempt),
    FOREIGN KEY(clip_id) REFERENCES clip_plan_clips (id) ON DELETE CASCADE,
    FOREIGN KEY(asset_id) REFERENCES video_assets (id) ON DELETE SET NULL,
    FOREIGN KEY(poster_asset_id) REFERENCES video_assets (id) ON DELETE SET NULL
);
CREATE INDEX ix_clip_runs_asset_id ON clip_runs (asset_id);
CREATE INDEX ix_clip_runs_clip_id ON clip_runs (clip_id);
CREATE INDEX ix_clip_runs_poster_asset_id ON clip_runs (poster_asset_id);
INSERT INTO "clip_runs" VALUES('00000000000040008000000000000004',1,'settled','sora','sora-2','http://127.0.0.1:9/v1','{"prompt": "A hill"}','[]','video_1','completed',1.0,'','',NULL,NULL,NULL,NULL,'2026-11-01 09:30:00.000000','2026-11-01 09:30:00.000000','00000000000040008000000000000005','2026-11-01 09:30:00.000000');
CREATE TABLE provider_calls (
    "key" TEXT NOT NULL,
    project_id CHAR(32) NOT NULL,
    clip_run_id CHAR(32) NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    request_hash VARCHAR(64) NOT NULL,
    state VARCHAR(20) NOT NULL,
    generation_id TEXT,
    cost_usd DOUBLE NOT NULL,
    owner TEXT NOT NULL,
    sends INTEGER NOT NULL,
    send_by DATETIME NOT NULL,
    sent_at DATETIME NOT NULL,
    accepted_at DATETIME,
    error_code TEXT NOT NULL,
    error_message TEXT NOT NULL,
    is_adopted BOOLEAN DEFAULT 0 NOT NULL,
    id CHAR(32) NOT NULL,
    created_at DATETIME NOT NULL,
    PRIMARY KEY (id),
    UNIQUE ("key"),
    CONSTRAINT state_known CHECK (state in ('intent', 'accepted', 'refused', 'needs_decision')),
    FOREIGN KEY(project_id) REFERENCES video_projects (id) ON DELETE CASCADE,
    FOREIGN KEY(clip_run_id) REFERENCES clip_runs (id) ON DELETE CASCADE
);
CREATE INDEX ix_provider_calls_clip_run_id ON provider_calls (clip_run_id);
CREATE UNIQUE INDEX ix_provider_calls_generation ON provider_calls (provider, endpoint, generation_id);
CREATE INDEX ix_provider_calls_project_id ON provider_calls (project_id);
INSERT INTO "provider_calls" VALUES('00000000-0000-4000-8000-000000000005','00000000000040008000000000000001','00000000000040008000000000000005','sora','sora-2','http://127.0.0.1:9/v1','0000000000000000000000000000000000000000000000000000000000000000','accepted','video_1',0.4,'local',1,'2026-11-01 09:30:00.000000','2026-11-01 09:30:00.000000','2026-11-01 09:30:00.000000','','',0,'00000000000040008000000000000007','2026-11-01 09:30:00.000000');
