-- Tables over every base, range and multirange type that the server has, made from the catalog: each type and its array
-- with a value (every), as required columns (req), and as defaults (defs).
create table sample (typname name primary key, v text not null);
insert into sample values
('bool','t'),('bytea','\x00ff10'),('char','q'),('name','a name'),('int8','-9223372036854775808'),('int2','32767'),('int4','-2147483648'),('text','text ñ €  "q" \ { }'),
('regproc','now'),('oid','4294967295'),('tid','(1,2)'),('xid','4000000000'),('cid','7'),('json','{"a": [1, 2.50, null], "b": "ñ"}'),('xml','<a b="c">x</a>'),('xid8','18446744073709551615'),
('point','(1.5,-2)'),('lseg','[(1,2),(3,4)]'),('path','((1,2),(3,4))'),('box','(3,4),(1,2)'),('polygon','((1,2),(3,4),(5,6))'),('line','{1,2,3}'),('circle','<(1,2),3>'),
('float4','-1.25'),('float8','3.141592653589793'),('money','-1234.56'),('macaddr','08:00:2b:01:02:03'),('inet','192.168.0.1'),('cidr','10.1.0.0/16'),('macaddr8','08:00:2b:ff:fe:01:02:03'),
('aclitem','postgres=arwdDxt/postgres'),('bpchar','c'),('varchar','va'),('date','2021-02-03'),('time','04:05:06.789'),('timestamp','2021-02-03 04:05:06.789'),('timestamptz','2021-02-03 04:05:06.789+03'),
('interval','1 year 2 mons 3 days 04:05:06.789'),('timetz','04:05:06.789+03'),('bit','1'),('varbit','10110'),('numeric','-12345.678900'),('regprocedure','now()'),('regoper','|/'),
('regoperator','+(integer,integer)'),('regclass','pg_class'),('regcollation','"C"'),('regtype','integer'),('regrole','postgres'),('regnamespace','pg_catalog'),('uuid','a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'),
('pg_lsn','16/B374D848'),('tsvector','''fat'':2A ''cat'':3'),('gtsvector',''),('tsquery','fat & cat:*'),('regconfig','english'),('regdictionary','simple'),('jsonb','{"a": {"b": [true, 1.5]}}'),('jsonpath','$.a[*]'),
('txid_snapshot','10:20:10,14,15'),('pg_snapshot','10:20:10,14,15'),('int4range','[1,5)'),('numrange','(1.5,2.5]'),('tsrange','["2020-01-01 00:00:00","2020-01-02 00:00:00.5")'),
('tstzrange','["2020-01-01 00:00:00+00",)'),('daterange','empty'),('int8range','(,9000000000)'),('int4multirange','{[1,3),[5,7)}'),('nummultirange','{[1.5,2]}'),('tsmultirange','{}'),
('tstzmultirange','{["2020-01-01 00:00:00+00","2020-01-02 00:00:00+00")}'),('datemultirange','{[2020-01-01,2020-01-05)}'),('int8multirange','{[1,3)}');
delete from sample where typname = 'gtsvector' or not exists (select from pg_type t where t.typname = sample.typname and t.typnamespace = 'pg_catalog'::regnamespace);

create view typed as
select t.typname, format_type(t.oid, null) as type, s.v, case when q is not null then format('{%s,NULL,%s}', q, q) end as vs, t.typname = any ('{bool,int2,int4,int8,oid,text,varchar,bpchar,numeric,float4,float8,date,timestamp,timestamptz,time,timetz,uuid,json,jsonb,inet,cidr,macaddr}') as in_arrays from pg_type t left join sample s on s.typname = t.typname,
    lateral (select '"' || replace(replace(s.v, '\', '\\'), '"', '\"') || '"' as q) x
where t.typnamespace = 'pg_catalog'::regnamespace and t.typtype in ('b', 'r', 'm') and t.typcategory <> 'A' and t.typname <> 'gtsvector' and t.typarray <> 0 order by t.typname;

create procedure all_types() language plpgsql as $$
begin
    execute (select 'create table every (id int primary key, ' || string_agg(format('%I %s, %I %s[]', 'c_' || typname, type, 'a_' || typname, type), ', ') || ')' from typed);
    execute (select 'create table req (id int primary key, ' || string_agg(format('%I %s not null', 'c_' || typname, type) || case when in_arrays then format(', %I %s[] not null', 'a_' || typname, type) else '' end, ', ') || ')' from typed where v is not null);
    execute (select 'create table defs (id int primary key, ' || string_agg(format('%I %s default %L', 'c_' || typname, type, v) || case when in_arrays or typname = any ('{bytea,money,interval,bit,varbit,xml,char,name,point,macaddr8,tsvector,int8range}') then format(', %I %s not null default %L', 'n_' || typname, type, v) else '' end, ', ') || ')' from typed where v is not null and typname <> 'regrole');
end $$;
create procedure all_values(n int) language plpgsql as $$
begin
    execute (select format('insert into every values (%s, ', n) || string_agg(format('%L, %L', v, case when typname = 'box' then '{(3,4),(1,2);NULL}' else vs end), ', ') || ')' from typed);
    execute (select format('insert into req values (%s, ', n) || string_agg(format('%L', v) || case when in_arrays then format(', %L', replace(vs, ',NULL}', '}')) else '' end, ', ') || ')' from typed where v is not null);
    execute (select format('insert into every (id, %s) values (%s, %s)', string_agg(format('%I', 'a_' || typname), ', '), n + 1, string_agg('''{}''', ', ')) from typed);
    execute format('insert into every values (%s)', n + 2);
    execute format('insert into defs values (%s)', n);
end $$;
create procedure null_defaults(n int) language plpgsql as $$
begin
    execute (select format('insert into defs (id, %s) values (%s, %s)', string_agg(format('%I', 'c_' || typname), ', '), n, string_agg('null', ', ')) from typed where v is not null and typname <> 'regrole');
end $$;
call all_types();

create type shade as enum ('light', 'da,rk', 'it''s');
create domain dtext as text not null check (length(value) < 100); create domain ddom as posint; create domain dts as timestamp(3); create domain darr as int[]; create domain dbit as bit(3);
create table dom (id int primary key, a dtext default 'x', b ddom, c dts, d mood default 'ok', e darr, f dnum[], g shade, h shade[] default '{light}', i shade not null default 'it''s', k dbit, l vname default 'v', m dnum default 1.5 not null);
create table fdef (id int primary key, a timestamptz default now(), b uuid default gen_random_uuid(), c int default 1 + 1, d text default 'a' || 'b', e int[] default array[]::int[], f text[] default '{a,b}', g jsonb default '{}',
 h text default null, i int default -1, j int default (-1), k bigint default '12'::bigint, l bool default false, m bit(3) default B'101', n timestamp default 'infinity', o timestamp default timezone('utc', now()),
 p interval default '1 day 02:03:04.5', q numeric default 1.50, r numeric(6,3) default 1.5, s float8 default 1e10, t timestamptz default '2020-01-01 00:00:00+02', u date default current_date, v time default localtime, w time(3) default '01:02:03.5',
 x text default current_user, y varchar(10) default '', z char(4) default 'ab', aa bytea default '\x', bb int default abs(-5), cc text default upper('x'), dd smallint default 7, ee float4 default 0.1, ff money default 1.5, gg inet default '1.2.3.4',
 hh text default E'a\nb\\c', ii text default '(x)', jj text default '::', kk bool default (not true), ll date default '2020-02-30'::text::date - 1 + 1 - 0, mm timetz default '01:02:03+02', nn numeric(4,0) default 12.7, oo bigint default 9223372036854775807, pp hstore default 'a=>1', qq point default '(1,2)',
 rr timestamp(0) default '2020-01-02 03:04:05.678', ss json default '{"a": "b''c"}', tt text default 'it''s', uu varbit default B'11', vv date default 'now'::text::date) ;
alter table fdef alter ll drop default;
create table fdefnn (id int primary key, a timestamptz not null default now(), b uuid not null default gen_random_uuid(), c int not null default 1 + 1, d text not null default 'a' || 'b', e date not null default current_date, f timestamp not null default localtimestamp, g bool not null default (1 = 1), h jsonb not null default jsonb_build_object('a', 1), i interval not null default make_interval(days => 1), j float8 not null default random(), k numeric not null default pi()::numeric, l numeric(5,2) not null default random(), m time not null default now()::time, n text not null default nextval('t_id_seq'), o bigserial, p smallserial, q int not null default nextval('t_id_seq'));
-- values at the edges of their types
create table edge (id int primary key, n numeric, n38 numeric(38,9), n5_2 numeric(5,2), nneg numeric(5,-2), nbig numeric(3,5), f4 real, f8 double precision, d date, t0 time(0), t3 time(3), t6 time, tz timetz, tz0 timetz(0), ts timestamp, ts0 timestamp(0), ts1 timestamp(1), ts3 timestamp(3), ts6 timestamp(6), tstz timestamptz, tstz0 timestamptz(0), tstz3 timestamptz(3),
 iv interval, ivy interval year to month, ivd interval day to second(3), mo money, b8 bit(8), b9 bit(9), vb8 varbit(8), c10 char(10), vc0 varchar, txt text, by bytea, js json, pt point, ad date[], ats timestamp[], atz timestamptz[], atm time[], an numeric[], af float8[], ach char(3)[], at text[]);
create procedure edges(k int) language plpgsql as $$
begin
insert into edge (id, n, n38, n5_2, nneg, nbig, f4, f8) values
 (k+1, 0, 0, 0, 0, 0, 0, 0), (k+2, -0.0, -0.000000001, -0.01, 12345, 0.00123, '-0', '-0'), (k+3, 1e100, 99999999999999999999999999999.999999999, 999.99, -49, -0.00999, 3.4028235e38, 1.7976931348623157e308),
 (k+4, 1e-100, -99999999999999999999999999999.999999999, -999.99, 50, 0, 1e-45, 5e-324), (k+5, 'NaN', 'NaN', 'NaN', 'NaN', 'NaN', 'NaN', 'NaN'), (k+6, 'Infinity', 1, 1.5, 1, 0, 'Infinity', 'Infinity'), (k+7, '-Infinity', 1.5, 1.25, 100, 0, '-Infinity', '-Infinity'),
 (k+8, 123456789012345678901234567890123456789.123456789, 1.1, 0.1, 0, 0, 16777217, 9007199254740993), (k+9, 1000, 100, 10, 1000, 0, 1e10, 1e21), (k+10, 0.10, 0.10, 0.10, 0, 0.001, 0.3, 1e-5);
insert into edge (id, d, ts, tstz, ts0, ts3, tstz0, tstz3) values
 (k+20, '4713-01-01 BC', '4713-01-01 BC', '4713-01-01 BC', '4713-01-01 BC', '4713-01-01 BC', '4713-01-01 BC', '4713-01-01 BC'), (k+21, '0001-01-01', '0001-01-01', '0001-01-01 00:00:00+00', '0001-01-01', '0001-01-01', '0001-01-01 00:00:00+00', '0001-01-01 00:00:00+00'), (k+22, '0001-12-31 BC', '0001-12-31 23:59:59.999999 BC', '0001-12-31 23:59:59.999999+00 BC', null, null, null, null),
 (k+23, '5874897-12-31', '294276-12-31 23:59:59.999999', '294276-12-31 23:59:59.999999+00', '294276-12-31 23:59:59', '294276-12-31 23:59:59.999', '294276-12-31 23:59:59+00', '294276-12-31 23:59:59.999+00'), (k+24, 'infinity', 'infinity', 'infinity', 'infinity', 'infinity', 'infinity', 'infinity'), (k+25, '-infinity', '-infinity', '-infinity', '-infinity', '-infinity', '-infinity', '-infinity'),
 (k+26, '1582-10-04', '1582-10-04 12:00:00', '1582-10-04 12:00:00+00', '1582-10-15', '1582-10-10', '1582-10-15 00:00:00+00', '1582-10-14 00:00:00+00'), (k+27, '1970-01-01', '1970-01-01', '1970-01-01 00:00:00+00', '1969-12-31 23:59:59', '1969-12-31 23:59:59.001', '1969-12-31 23:59:59+00', '1969-12-31 23:59:59.001+00'),
 (k+28, '2262-04-12', '2262-04-12', '2262-04-12 00:00:00+00', '1677-09-21', '2500-01-01', '10000-01-01 00:00:00+00', '0099-01-01 00:00:00+00'), (k+29, '9999-12-31', '10000-01-01', '10000-01-01 00:00:00+00', '9999-12-31 23:59:59', '9999-12-31 23:59:59.999', '1900-01-01 00:00:00+00', '1900-01-01 00:00:00.001+00'), (k+30, '1900-02-28', '1900-01-01 00:00:00.000001', '1969-12-31 23:59:59.999999+00', '1700-01-01', '1800-01-01 00:00:00.5', '1800-01-01 00:00:00+00', '2024-02-29 12:00:00.25+00');
insert into edge (id, ts1, ts6, ts) values (k+31, '2020-01-01 00:00:00.19', '2020-01-01 00:00:00.000001', '1969-12-31 23:59:59.999999');
insert into edge (id, t0, t3, t6, tz, tz0) values (k+40, '00:00:00', '00:00:00.001', '00:00:00.000001', '00:00:00+00', '00:00:00+15:59'), (k+41, '23:59:59', '23:59:59.999', '23:59:59.999999', '23:59:59.999999-15:59', '12:00:00-00:30'), (k+42, '24:00:00', '24:00:00', '24:00:00', '24:00:00+00', '23:00:00-02'), (k+43, '12:34:56', '12:34:56.7', '12:34:56.789', '12:34:56.7+05:30', '12:34:56+13');
insert into edge (id, iv, ivy, ivd, mo) values (k+50, '0', '1 year', '1 day 00:00:00.001', 0), (k+51, '178000000 years', '-1 year -1 month', '-00:00:00.001', -0.01), (k+52, '-178000000 years', '11 months', '100 days 25:00:00', '92233720368547758.07'), (k+53, '1 month -1 day 00:00:01', '13 months', '-1 day 00:00:01.5', '-92233720368547758.08'), (k+54, '-1 month 1 day -00:00:00.000001', '0', '0', 1000000), (k+55, '2147483647 days', '1 month', '00:59:59.9996', 999.99), (k+56, '00:00:00.000001', null, null, 12345.6), (k+58, '1 year 1 day -01:00:00', null, null, 0.05);
insert into edge (id, b8, b9, vb8, c10, vc0, txt, by, js, pt) values (k+60, B'00000000', B'000000000', B'', '', '', '', '', '{}', '(0,0)'), (k+61, B'11111111', B'111111111', B'1', 'a b', E'tab\tnl\ncr\rbs\\', E'\\N', '\x00', 'null', '(NaN,Infinity)'), (k+62, B'10000000', B'100000000', B'00000001', 'ññññ', '€uro 😀 𝄞', E'\x01\x1f\x7f', '\xdeadbeef5c', ' [ 1 , 2 ] ', '(-1e300,1e-300)'), (k+63, B'00000001', B'000000001', B'10', '          ', ' lead', 'null', '\x5c5c', '"x"', '(0.1,-0.1)');
insert into edge (id, ad, ats, atz, atm, an, af, ach, at) values (k+70, '{infinity,-infinity,"0044-03-15 BC",5874897-12-31}', '{infinity,"0044-03-15 00:00:00 BC",-infinity}', '{infinity,"294276-01-01 00:00:00+00",-infinity,"0044-03-15 00:00:00+00 BC"}', '{24:00:00,00:00:00.000001}', '{NaN,1,1.50,-0.001,1e30}', '{NaN,Infinity,-Infinity,-0}', '{a,"",abc}', '{"",NULL,"NULL",null,"a,b","{}",a\\b}'),
 (k+71, '[0:1]={2020-01-01,NULL}', '{{"2020-01-01 00:00:00"}}', '{{NULL}}', '{NULL}', '{{1,2},{3,4}}', '{}', '{NULL}', '{{{a}}}');
end $$;
create table wide_toast (id int primary key, n int, vc varchar, js json, x xml, cit citext, ts tsvector, ai2 smallint[], ai8 bigint[], an numeric[], af4 real[], af8 float8[], ad date[], ats timestamp[], atz timestamptz[], atm time[], au uuid[], aby bytea[], avc varchar[], ab bool[], aj jsonb[], ae mood[], ain inet[], bt bit varying, lt ltree, num numeric, poly polygon, pat path, rg tstzmultirange, ach char(3)[], an52 numeric(5,2)[], ahs hstore[], nm int[] not null, nt text not null, nb bytea, nh hstore not null, ci comp, dt dtext);
do $$ declare c record; begin for c in select attname from pg_attribute where attrelid = 'wide_toast'::regclass and attnum > 2 and attstorage <> 'p' loop execute format('alter table wide_toast alter %I set storage %s', c.attname, case when c.attname = 'num' then 'main' else 'external' end); end loop; end $$;
-- the types of PostGIS and pgvector by their names and texts: the extensions themselves are not needed for that
do $$ declare n text; begin foreach n in array array['geometry', 'geography', 'vector', 'halfvec', 'sparsevec'] loop
    execute format('create type %I', n); execute format('create function %I(cstring) returns %I language internal strict immutable as %L', n || '_in_', n, 'textin');
    execute format('create function %I(%I) returns cstring language internal strict immutable as %L', n || '_out_', n, 'textout'); execute format('create type %I (input = %I, output = %I, internallength = variable, storage = extended)', n, n || '_in_', n || '_out_');
end loop; end $$;
create table ext (id int primary key, g geometry, gg geography, v vector, h halfvec, s sparsevec, ga geometry[], gga geography[], gn geometry not null default '010700000000000000');
create schema "Sché ma"; create table "Sché ma"."Tä ble" ("ID" int, "ключ" text, "a.b" int default 5, "x/y" text, "_1" int, "😀" text, "A" int, "$d" int, primary key ("ID", "ключ"));
create table p_list (id int, k text, v int, primary key (id, k)) partition by list (k); create table p_a partition of p_list for values in ('a'); create table p_rest partition of p_list default partition by range (id); create table p_r1 partition of p_rest for values from (0) to (100); create table p_r2 partition of p_rest for values from (100) to (200);
create table parent_ (id int primary key, a text); create table child_ (b int, primary key (id)) inherits (parent_);
create unlogged table unlogged_ (id int primary key); create view view_ as select 1 as id;
create table nothing_pk (id int primary key, v text); alter table nothing_pk replica identity nothing;
create table full_nopk (a int, b text, c text); alter table full_nopk replica identity full;
create table idx_nn (id int primary key, k text not null, m int not null default 3, v text not null); create unique index idx_nn_k on idx_nn (k, m); alter table idx_nn replica identity using index idx_nn_k;
create table ident_ (id int primary key, v text, w text); create table ident_i (id int primary key, v text not null, w text); create unique index ident_iv on ident_i (v);
create table masked (id int primary key, tx text, vc varchar(12), ch char(8), n int, nn text not null default 'dflt', u uuid, j json, ci citext, e mood, a text[], d date, num numeric(8,2), by bytea, vn vname);
create table ren (id int primary key, v text); create table again (id int primary key, v text);
comment on table ren is 'renamed later'; comment on column ren.v is 'a comment';
create table twokeys (a int not null, b int not null, c text, d text not null); create unique index twokeys_b on twokeys (b); create unique index twokeys_a on twokeys (a); create unique index twokeys_part on twokeys (c) where a > 1; create unique index twokeys_0 on twokeys (lower(c));
