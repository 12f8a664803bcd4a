-- Both read a table's columns from the catalog when an event comes: at each "catch up" run.sh waits until they have read everything.
update cpk set v='v2'; update cpk set b=2; delete from cpk;
update full_ set v='v2'; update full_ set id=2; delete from full_;
update idx_ set v='v2'; update idx_ set k='k2'; delete from idx_;
update "Mixed Case" set "a-b"=5; update s2.part set v='c' where id=1; update s2.part set d='2021-06-06' where id=1; update gen set a=6;
update big set small='s2'; update big set id=2; 
alter table big replica identity full; update big set small='s3';
update uniq set b='u2'; 
begin; insert into nopk values (2,'x'); insert into nopk values (3,'y'); alter table nopk add column c varchar(10) default 'dd'; insert into nopk values (4,'z','q'); commit;
alter table uniq add primary key (a); update uniq set b='u3' ; delete from uniq;
create table late (id int primary key, v text not null);
insert into late values (1,'l');
-- catch up
alter table late alter v drop not null;
insert into late values (2,null);
-- catch up
alter table late rename v to vv;
insert into late values (3,'r');
-- catch up
alter table late alter vv type varchar(7);
insert into late values (4,'t');
-- catch up
alter table late drop column vv;
insert into late values(5);
-- catch up
select pg_logical_emit_message(true,'pfx','hello'); select pg_logical_emit_message(false,'pfx2','world');
-- catch up
-- the same values as in the snapshot, now from the log
create temp table again_t as table t; update again_t set id = id + 100; insert into t table again_t; update t set i4 = 43 where id > 100; delete from t where id > 102;
call all_values(11); call null_defaults(12); call edges(100);
update every set id = id + 100 where id = 11; update req set id = id + 100 where id = 11; delete from every where id > 100; delete from req where id > 100; delete from edge where id = 101; update defs set id = 20 where id = 11; delete from defs where id = 20;
insert into dom values (11, 'd', 5, '2020-01-02 03:04:05.678', 'ok', '{1,2}', '{1.5,NULL}', 'da,rk', '{light,"da,rk",NULL}', 'light', B'101', 'vn', 1.5), (12, 'd', null, null, null, null, null, null, null, default, null, null, default); delete from dom where id = 12;
insert into fdef (id) values (2); delete from fdef where id = 2; insert into fdefnn (id) values (2); delete from fdefnn where id = 2;
update wide_toast set n = 2; update wide_toast set id = 2; alter table wide_toast replica identity full; update wide_toast set n = 3; update wide_toast set vc = 'short', ai8 = '{2}', nt = 'short', nm = '{}'; delete from wide_toast;
update "Sché ma"."Tä ble" set "A" = 9; update "Sché ma"."Tä ble" set "ключ" = 'ю'; delete from "Sché ma"."Tä ble";
insert into p_list values (3, 'a', 1), (4, 'x', 2); update p_list set v = v + 1; update p_list set k = 'z' where id = 3; update p_list set id = 160 where id = 4; delete from p_list where id = 1; truncate p_list;
insert into parent_ values (11, 'p'); insert into child_ values (12, 'c', 3); update parent_ set a = 'q'; delete from parent_; truncate parent_;
insert into nothing_pk values (2, 'm'); insert into full_nopk values (1, 'b', 'c'); update full_nopk set b = 'bb'; delete from full_nopk;
update idx_nn set v = 'v2'; update idx_nn set k = 'k2'; update idx_nn set id = 5; delete from idx_nn; update ident_ set w = 'w2'; update ident_i set w = 'w2'; update ident_i set v = 'v2'; delete from ident_i; delete from ident_;
insert into ext values (11, '0101000020E6100000000000000000F03F0000000000000040', '0101000020E610000000000000000000000000000000000000', '[1,2.5,-3e-10]', '[1,0.5]', '{1:0.5,7:2}/10', '{0101000000000000000000F03F0000000000000040,NULL}', '{0101000020E6100000000000000000F03F0000000000000040}', '0000000001000000000000000000000000000000000000'), (12, null, null, null, null, null, null, null, default), (13, null, '010100000000', '1,2', '[]', '{}/3', null, null, default); update ext set id = 20 where id = 11; delete from ext where id = 20;
insert into twokeys values (3, 4, 'e', 'f'); insert into unlogged_ values (2);
update masked set tx = 'changed ñ 😀', vc = 'x', n = 6 where id = 1; update masked set num = 2 where id = 2; update masked set num = 2 where id = 2; delete from masked;
begin; insert into ren values (2, 'x'); update ren set v = 'y' where id = 2; savepoint a; insert into ren values (99, 'gone'); rollback to a; update ren set id = 7 where id = 2; delete from ren where id = 7; select pg_logical_emit_message(true, 'pfx', 'in the middle'); insert into again values (2, 'b'); commit;
select pg_replication_origin_create('compat'); select pg_replication_origin_session_setup('compat'); begin; select pg_replication_origin_xact_setup('0/ABCDEF', '2020-01-01 00:00:00+00'); insert into ren values (60, 'from elsewhere'); commit; select pg_replication_origin_session_reset();
begin; insert into ren values (50, 'rolled back'); rollback;
select pg_logical_emit_message(true, 'pfx', 'rolled'), pg_logical_emit_message(false, 'pré fix', '\x00ff'::bytea), pg_logical_emit_message(true, '', '');
truncate late, nopk; insert into empty_ values (1); update empty_ set id=1; truncate empty_;
-- catch up
-- changes of tables inside transactions, and new tables under old names
begin; alter table ren add column w numeric(5,2) default 1.5; insert into ren values (20, 'a', 2.5); alter table ren alter w type text; insert into ren values (21, 'b', 'c'); alter table ren drop column v; insert into ren values (22, 'd'); alter table ren rename w to "W w"; insert into ren values (23, 'e'); commit;
-- catch up
alter table ren rename to renamed; insert into renamed values (30, 'f'); update renamed set "W w" = 'g' where id = 30;
-- catch up
drop table again; create table again (k text primary key, n numeric(4,1) not null); insert into again values ('new', 1.5); update again set n = 2;
-- catch up
alter type mood add value 'ecstatic'; create table moody (id int primary key, m mood); insert into moody values (1, 'ecstatic');
begin; create table in_tx (id int primary key, v text); insert into in_tx values (1, 'x'); alter table in_tx add u int not null default 4; insert into in_tx values (2, 'y', 5); commit;
create table "New Ünï" ("Kéy" int primary key, "Val ue" text); insert into "New Ünï" values (1, 'v');
create schema later; create table later.t (id int primary key); insert into later.t values (1);
-- catch up
alter table in_tx drop constraint in_tx_pkey; insert into in_tx values (3, 'z', 6);
-- catch up
alter table in_tx add primary key (id, u); insert into in_tx values (4, 'z', 7); update in_tx set u = 8 where id = 4; delete from in_tx;
-- catch up
-- catch up
select pg_replication_origin_drop('compat');
