# How an answer of alarm-handler reads. Everything in it came from outside: it is bounded, and nothing in it can
# become a workflow command, markup or a table's border.

def plain: tostring | gsub("[[:cntrl:]\u2028\u2029]+"; " ") | if length > 400 then .[:399] + "…" else . end;
def markdown: plain | gsub("(?<c>[\\\\`*_{}\\[\\]<>()#+!|~&$@:])"; "&#\(.c | explode[0]);");

# Events are recognised by what they are, wherever the answer holds them.
def records: [.. | objects | select(has("sequence") and (.event? | type == "object"))] | unique_by(.sequence);
def closing: records | map(.event | select(.type == "closed") | .closing) | last // "";
def incident: [.incident?, .incident?.id?, (records | first | .incident?)] | map(strings) | first // "";
def word: [.decision?, .verdict?.decision?] | map(strings) | first // "";
def reason: [.reason?, .verdict?.reason?] | map(strings) | first // "";

def sentence:
  (.verdict?.reason? // .reason? // "") as $why
  | if .type == "opened" then "Opened. \($why)"
    elif .type == "started" then "The recovery runs."
    elif .type == "held" then "Held until \(.until). \($why)"
    elif .type == "confirmed" then "Confirmed. \($why)"
    elif .type == "already-moved" then "The writer has changed already: no failover. \($why)"
    elif .type == "assessed" then "The writer is \(.writer); \(.target) is to take over. \($why)"
    elif .type == "failover-intended" then "RDS is asked to promote \(.target) in place of \(.from)."
    elif .type == "failover-answered" then "RDS answered: \(.answer). \(.cause? // "")"
    elif .type == "promoted" then "\(.writer) is the new writer."
    elif .type == "endpoint-seen" then "The endpoint leads to \(.leads_to)."
    elif .type == "endpoint-moved" then "The endpoint has moved to \(.leads_to)."
    elif .type == "services" then [.news[]? | "\(.name): \(.state). \(.reason)"] | join(" ")
    elif .type == "recycled" then "Services restarted: \(.recycled). Not restarted: \(.failed | if length == 0 then "none" else join(", ") end)."
    elif .type == "health" then "\(if .healthy then "Healthy" else "Not healthy" end). \($why)"
    elif .type == "verified" then "Healthy since \(.healthy_since). \($why)"
    elif .type == "resumed" then "Resumed. \($why)"
    elif .type == "closed" then "Closed as \(.closing). \($why)"
    elif .type == "acknowledged" then "Acknowledged by \(.by). \($why)"
    else "\(.type). \($why)"
    end;

def lines_after($seen): records[] | select(.sequence > $seen) | "\(.at | plain)  \(.event | sentence | plain)";
def newest: records | map(.sequence) | max // 0;
def table: records[] | "| \(.sequence) | \(.at | markdown) | \(.event | sentence | markdown) |";
