-- Two tables, a log of what every committed transaction did to the first, and a procedure that changes both for a while.
create table a (id bigint primary key, seq bigint not null, v text not null);
create table b (k1 int, k2 text, n numeric(12, 2), at timestamptz, primary key (k1, k2));
alter table a replica identity full;
create table audit (n bigserial primary key, op text not null, id bigint not null, seq bigint not null);
create sequence ids start 1000001;
create sequence seqs;

create function audit() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' or (tg_op = 'UPDATE' and old.id <> new.id) then
        insert into audit (op, id, seq) values ('d', old.id, old.seq);
    end if;
    if tg_op = 'INSERT' or (tg_op = 'UPDATE' and old.id <> new.id) then
        insert into audit (op, id, seq) values ('c', new.id, new.seq);
    elsif tg_op = 'UPDATE' then
        insert into audit (op, id, seq) values ('u', new.id, new.seq);
    end if;
    return null;
end $$;

-- fill makes the rows that a snapshot finds.
create procedure fill(rows int) language sql as $$
    insert into a select i, nextval('seqs'), 'row ' || i from generate_series(1, rows) i;
    insert into b select i, 'k' || i, i / 4.0, '2026-01-01 00:00:00+00'::timestamptz + i * interval '1 minute'
        from generate_series(1, rows / 10) i;
$$;

create function pick() returns bigint language sql volatile as $$
    select id from a where id >= (select floor(random() * max(id)) from a) order by id limit 1
$$;

create procedure one_transaction() language plpgsql as $$
declare
    it bigint;
    dice float;
begin
    for i in 1 .. 1 + floor(random() * 6) loop
        dice := random();
        it := pick();
        if dice < 0.35 then
            insert into a values (nextval('ids'), nextval('seqs'), md5(random()::text));
        elsif dice < 0.6 then
            update a set seq = nextval('seqs'), v = repeat('ü' || it, 1 + (random() * 20)::int) where id = it;
        elsif dice < 0.75 then
            delete from a where id = it;
        elsif dice < 0.85 then
            update a set id = nextval('ids'), seq = nextval('seqs') where id = it;
        elsif dice < 0.88 then
            update a set seq = nextval('seqs') where id between it and it + 60;
        elsif dice < 0.95 then
            insert into b values ((random() * 500)::int, 'k' || (random() * 3)::int, random() * 1000, clock_timestamp())
                on conflict (k1, k2) do update set n = excluded.n, at = excluded.at;
        elsif dice < 0.98 then
            update b set k1 = k1 + 100000 where k1 = (random() * 500)::int;
        else
            delete from b where k1 = (random() * 500)::int;
        end if;
    end loop;
end $$;

create procedure work(seconds float, pause float) language plpgsql as $$
declare
    until timestamptz := clock_timestamp() + seconds * interval '1 second';
begin
    while clock_timestamp() < until loop
        call one_transaction();
        commit;
        perform pg_sleep(pause);
    end loop;
end $$;

create trigger audit after insert or update or delete on a for each row execute function audit();
