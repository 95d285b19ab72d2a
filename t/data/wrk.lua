-- Has wrk look at each response: to the byte the policy of the host that was
-- asked, as it was before the last reload or is after it, with the status and
-- the fields of one.
--
-- wrk -s wrk.lua URL -- LIST close|keep-alive
--
-- LIST has a line for each host: its name, a tab, and its policy up to max_age,
-- with | for CRLF.  A reload raises max_age by 1 and so is seen.  wrk does not
-- say which connection a response came on: there is one in each thread.

local threads = {}

local hosts = {}
local policies = {}
local requests = {}
local at

-- these are global, so that done() can read them

answers = 0
wrong = 0
newest = 0
sample = ""


function setup(thread)
    threads[#threads + 1] = thread
    thread:set("number", #threads)
end


function init(args)
    for line in io.lines(args[1]) do
        local host, policy = line:match("^(.-)\t(.*)$")
        local n = #hosts + 1

        hosts[n] = host
        policies[n] = policy:gsub("|", "\r\n")
        requests[n] = wrk.format("GET", "/.well-known/mta-sts.txt",
                                 { Host = host, Connection = args[2] })
    end

    -- threads begin apart, and a step that is no factor of most lengths brings
    -- neighbours of a list, which may be alike, apart, too

    at = (number or 0) * 1009 % #hosts + 1
end


function request()
    at = (at + 6) % #hosts + 1
    return requests[at]
end


local function fault(status, headers, body)
    local age = tonumber(body:match("max_age: (%d+)\r\n$"))

    if status ~= 200 then
        return "status"
    end

    if age == nil or body ~= policies[at] .. "max_age: " .. age .. "\r\n" then
        return "policy"
    end

    if age < newest - 1 then
        return "policy of before the last"
    end

    newest = math.max(newest, age)

    if headers["Content-Type"] ~= "text/plain"
        or headers["Cache-Control"] ~= "no-cache"
        or headers["Content-Length"] ~= tostring(#body)
        or headers["ETag"] or headers["Last-Modified"]
    then
        return "fields"
    end
end


function response(status, headers, body)
    local what = fault(status, headers, body)

    answers = answers + 1

    if answers == 1 then
        io.stdout:write("ready\n")
        io.stdout:flush()
    end

    if what then
        wrong = wrong + 1
        sample = string.format("%s: %s %d %q", what, hosts[at], status, body)
    end
end


function done(summary)
    local all, bad, last = 0, 0, ""

    for _, thread in ipairs(threads) do
        all = all + thread:get("answers")
        bad = bad + thread:get("wrong")
        last = thread:get("sample") ~= "" and thread:get("sample") or last
    end

    local errors = summary.errors

    print(string.format("answers=%d wrong=%d connect=%d read=%d write=%d "
                        .. "timeout=%d", all, bad, errors.connect, errors.read,
                        errors.write, errors.timeout))

    if last ~= "" then
        print("wrong, the last one: " .. last)
    end
end
