-- A private bucket for takes and films, where there is Supabase Storage. The app's worker writes it with the project's
-- secret key; whoever may see a project may read its files, which lie under {owner}/{project}/. Nothing else is opened.

do $$
begin
    if to_regclass('storage.buckets') is null or to_regclass('storage.objects') is null then
        return;
    end if;
    begin
        insert into storage.buckets (id, name, public, file_size_limit, allowed_mime_types)
        values (
            'video-assets', 'video-assets', false, 2147483647,
            array['video/mp4', 'image/jpeg', 'image/png', 'image/webp', 'audio/wav', 'application/json']
        )
        on conflict (id) do nothing;
        if not exists (
            select 1 from pg_policies
            where schemaname = 'storage' and tablename = 'objects' and policyname = 'see files of projects'
        ) then
            create policy "see files of projects" on storage.objects for select to authenticated
                using (
                    bucket_id = 'video-assets'
                    and (storage.foldername(name))[2] in (
                        select id::text from private.projects_as('{creator,reviewer,viewer}') as mine (id)
                    )
                );
        end if;
    exception when insufficient_privilege then
        raise warning 'the storage bucket was not set up: %. Make a private bucket video-assets in the dashboard', sqlerrm;
    end;
end
$$;
