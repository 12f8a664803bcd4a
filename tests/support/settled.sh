#!/bin/bash
# settled.sh DATABASE - tells source_driver (SOURCE_SETTLED, see there) whether the server has sent to that database's slots what it
# had when it was asked first, and answers no query of a source. A slot from which nothing is streamed is not waited for.
set -euo pipefail
psql -X -q -At -v ON_ERROR_STOP=1 -d postgres -v database="$1" -v since="${SETTLED_FROM:-}" <<'END'
with x as (select coalesce(nullif(:'since', '')::pg_lsn, pg_current_wal_flush_lsn()) as upto)
select case when exists (select from pg_replication_slots s join pg_stat_replication r on r.pid = s.active_pid
        where s.database = :'database' and r.sent_lsn < x.upto)
    or exists (select from pg_stat_activity where datname = :'database' and state = 'active' and backend_type = 'client backend'
        and application_name like 'sluice%')
    then x.upto::text else 'done' end from x
END
