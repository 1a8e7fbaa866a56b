#!/bin/sh
# A database: record locks, fsync, journals, and shared memory through mapped files.
db=/tmp/sqlite.$$
sqlite3 :memory: 'select sqlite_version() > "3", 1 + 1, upper("abc"), round(2.0 / 3, 4);'
sqlite3 $db <<'END'
create table t (id integer primary key, name text, value real);
begin;
insert into t (name, value) values ('one', 1.5), ('two', 2.5), ('three', 3.5);
commit;
with recursive n(i) as (select 1 union all select i + 1 from n where i < 2000)
insert into t (name, value) select 'n' || i, i / 2.0 from n;
create index by_name on t (name);
select count(*), sum(value), max(name) from t;
select id, name from t where name between 'one' and 'two' order by name limit 3;
begin;
delete from t;
rollback;
select count(*) from t;
pragma integrity_check;
END
echo "status $?"
sqlite3 $db 'pragma journal_mode = wal; insert into t (name) values ("wal"); select count(*) from t; pragma wal_checkpoint;'
sqlite3 $db 'select name from t order by id desc limit 1; pragma integrity_check;'
sqlite3 $db 'pragma journal_mode = delete;'
sqlite3 $db 'begin exclusive; select count(*) from t; commit; vacuum; select count(*) from t;'
# Two writers: each waits for the other.
for who in a b; do
    (for i in 1 2 3 4 5 6 7 8; do sqlite3 -cmd '.timeout 20000' $db "insert into t (name) values ('$who$i');"; done) &
done
wait
sqlite3 $db "select count(*) from t where name glob 'a[0-9]' or name glob 'b[0-9]'; pragma integrity_check;"
sqlite3 $db 'select * from none;' 2>&1 | busybox sed 's/near line 1: //'
sqlite3 -csv $db 'select name, value from t where id < 3;'
busybox rm $db && echo clean
