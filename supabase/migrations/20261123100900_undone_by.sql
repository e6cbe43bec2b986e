-- Who took a change back stands beside when.
set lock_timeout = '30s';

alter table public.edits add column undone_by text not null default '';

drop trigger guard_reviewing on public.edits;
create trigger guard_reviewing before update on public.edits
    for each row execute function private.guard_reviewing('undone_at', 'undone_by');
