-- What Supabase brings along and a plain Postgres lacks: three roles, and who is asking. Made only where lacking, so it
-- can be run again, and changes nothing on Supabase. It needs a user who may create roles.

do $$
declare
    wanted text;
begin
    foreach wanted in array array['anon', 'authenticated', 'service_role'] loop
        if to_regrole(wanted) is null then
            begin
                execute format('create role %I nologin noinherit', wanted);
            exception when duplicate_object or unique_violation then null;  -- another database of this server was quicker
            end;
        end if;
    end loop;
    -- The app's worker owns the tables, so only other servers of yours need this.
    begin
        if not (select rolbypassrls from pg_roles where rolname = 'service_role') then
            alter role service_role bypassrls;
        end if;
    exception when insufficient_privilege then
        raise notice 'service_role cannot be exempt from row security: that takes a superuser';
    end;
    -- So that a transaction of the app may act as the one who is signed in.
    for wanted in
        select rolname from pg_roles where not rolsuper and (
            rolname = current_user or oid = (select datdba from pg_database where datname = current_database())
        )
    loop
        begin
            execute format('grant anon, authenticated, service_role to %I', wanted);
        exception when insufficient_privilege then
            raise notice '% was not made a member of the roles: that takes who made them', wanted;
        end;
    end loop;
end
$$;

create schema if not exists auth;
grant usage on schema auth to anon, authenticated, service_role;
do $$
begin
    execute format('grant usage on schema auth to %I', (
        select rolname from pg_roles where oid = (select datdba from pg_database where datname = current_database())
    ));
end
$$;

do $$
begin
    if to_regprocedure('auth.jwt()') is null then
        create function auth.jwt() returns jsonb language sql stable set search_path = ''
        as $f$ select nullif(current_setting('request.jwt.claims', true), '')::jsonb $f$;
    end if;
    if to_regprocedure('auth.uid()') is null then
        create function auth.uid() returns uuid language sql stable set search_path = ''
        as $f$ select (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $f$;
    end if;
end
$$;
