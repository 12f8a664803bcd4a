create extension if not exists hstore; create extension if not exists citext; create extension if not exists ltree;
create type mood as enum ('sad','ok','happy'); create domain posint as int check (value>0); create domain dnum as numeric(8,3); create domain vname as varchar(20);
create type comp as (a int, b text);
create table t (id serial primary key, b boolean default true, i2 smallint default 7, i4 int default 42, i8 bigint default 9000000000, f4 real default 1.5, f8 double precision default -2.25,
 n numeric, n103 numeric(10,3) default 12.345, n50 numeric(5,0), tx text default 'he''llo', vc varchar(30) default 'x', ch char(5) default 'ab', nm name, c1 "char",
 by bytea default '\x0102'::bytea, d date default '2020-01-02', t0 time(0), t3 time(3), t6 time, tz timetz, ts timestamp, ts0 timestamp(0), ts3 timestamp(3) default '2020-01-02 03:04:05.678', tstz timestamptz default now(), tstz0 timestamptz(0),
 iv interval default '1 day', u uuid, j json, jb jsonb, x xml, b1 bit(1), b5 bit(5), vb varbit(10), vbx varbit, ip inet, ci cidr, mac macaddr, mac8 macaddr8,
 pt point, ln line, ls lseg, bx box, pa path, po polygon, cc circle, mo money default 3.5, o oid, tsv tsvector, tsq tsquery,
 r4 int4range, r8 int8range, nr numrange, tr tsrange, tzr tstzrange, dr daterange, mr int4multirange,
 e mood default 'ok', pi posint default 5, dn dnum, vn vname, co comp, hs hstore, cit citext, lt ltree, lq lquery, pl pg_lsn, xi xid, rc regclass, txs txid_snapshot, jp jsonpath,
 ai2 smallint[], ai int[], ai8 bigint[], at text[], avc varchar(5)[], an numeric(10,2)[], anx numeric[], af4 real[], af8 float8[], ab bool[], ad date[], ats timestamp[], atz timestamptz[], atm time[], attz timetz[], au uuid[], aj jsonb[], aby bytea[], ae mood[], aci citext[], ahs hstore[], alt ltree[], amo money[], aiv interval[], aip inet[], abpc char(3)[], ar int4range[], apt point[], api posint[], anm name[], aoid oid[], abit bit(3)[], axml xml[], aco comp[]
);
create table nopk (a int, b text); create table uniq (a int not null unique, b text); create table cpk (b int, a text, v text, primary key (a,b));
create table full_ (id int primary key, v text, w text); alter table full_ replica identity full; create table none_ (id int, v text); alter table none_ replica identity nothing;
create table idx_ (id int primary key, k text not null, v text); create unique index idx_k on idx_(k); alter table idx_ replica identity using index idx_k;
create table "Mixed Case" ("Id" int primary key, "näme x" text, "a-b" int, "1c" int);
create schema s2; create table s2.part (id int, d date, v text, primary key (id,d)) partition by range (d); create table s2.part_a partition of s2.part for values from ('2020-01-01') to ('2021-01-01'); create table s2.part_b partition of s2.part for values from ('2021-01-01') to ('2022-01-01');
create table gen (id int primary key generated always as identity, a int default 3, g int generated always as (a*2) stored, created timestamptz default current_timestamp);
create table empty_ (id int primary key);
create table big (id int primary key, small text, large text, largeb bytea, hst hstore, arr int[], arrt text[], num numeric, js jsonb, u text not null default 'z');
alter table big alter large set storage external; alter table big alter largeb set storage external; alter table big alter hst set storage external; alter table big alter arr set storage external; alter table big alter arrt set storage external;alter table big alter js set storage external;
