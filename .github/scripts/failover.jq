# How an answer of alarm-handler reads (its keys: crates/alarm-handler/src/reply.rs). Everything in it came from
# outside: it is bounded, and nothing in it can become a workflow command, markup or a table's border.

def plain: tostring | gsub("[[:cntrl:]\u2028\u2029]+"; " ") | if length > 400 then .[:399] + "…" else . end;
def markdown: plain | gsub("(?<c>[\\\\`*_{}\\[\\]<>()#+!|~&$@:])"; "&#\(.c | explode[0]);");

# The answer to `failover`.
def decision: .decision? // "" | plain;
def reason: .reason? // "" | plain;
def command: .command? // "" | plain;
def incident: .incident? // "" | plain;

# The answer to `status`: the incident's timeline, oldest first.
def timeline: .incident.timeline // [];
def found: .incident? | type == "object";
def closing: .incident.closing // "" | plain;
def newest: timeline | map(.sequence) | max // 0;
def lines_after($seen): timeline[] | select(.sequence > $seen) | "\(.at | plain)  \(.what | plain)";
def table: timeline[] | "| \(.sequence) | \(.at | markdown) | \(.what | markdown) |";
def objective: .incident.rto_s | if . then "From the fault to healthy again: \(round) s." else "" end;
