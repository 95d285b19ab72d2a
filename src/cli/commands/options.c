/*
 * The options of all commands, and their help.
 */

#include <stddef.h>

#include "command.h"
#include "options.h"


/* The kind, and the limits of a number or time. */

#define OPTION_FLAG              OPTION_IS_FLAG, 0, 0
#define OPTION_TEXT              OPTION_IS_TEXT, 0, 0
#define OPTION_LIST              OPTION_IS_LIST, 0, 0
#define OPTION_SETTING           OPTION_IS_SETTING, 0, 0
#define OPTION_NUMBER(min, max)  OPTION_IS_NUMBER, min, max
#define OPTION_TIME(min, max)    OPTION_IS_TIME, min, max


#define OPTION_IN(field)  offsetof(options_t, field)

const option_t  options_table[] = {

    { "conf", 'c', OPTIONS_CONF, OPTION_TEXT, OPTION_IN(conf), "FILE",
      "nginx.conf (default: " MTA_STS_CONF_PATH "),\n"
      "or \"-\" for the output of nginx -T" },

    { "conf", 'c', OPTIONS_REPORTS, OPTION_TEXT, OPTION_IN(conf), "FILE",
      "nginx.conf, whose domains are ours (default of add:\n"
      MTA_STS_CONF_PATH "; of a summary: those that\n"
      "had a report)" },

    { "domains", 'd', OPTIONS_CONF|OPTIONS_REPORTS, OPTION_TEXT,
      OPTION_IN(domains), "FILE",
      "only a domains file, or \"-\" for standard input" },

    { "table", 0, OPTIONS_FOLLOW, OPTION_TEXT, OPTION_IN(table), "TABLE",
      "what mta_sts_domains names; it is replaced" },

    { "domains", 'd', OPTIONS_FOLLOW, OPTION_TEXT, OPTION_IN(domains), "FILE",
      "a domains file with policies and settings, which\n"
      "rows name" },

    { "domains", 'd', OPTIONS_COMPILE, OPTION_TEXT, OPTION_IN(domains), "FILE",
      "a domains file, or a glob of them; more may follow" },

    { "output", 'o', OPTIONS_COMPILE, OPTION_TEXT, OPTION_IN(output), "TABLE",
      "the table, which is replaced" },

    { "changes", 0, OPTIONS_COMPILE, OPTION_FLAG, OPTION_IN(only_changes), NULL,
      "only what has changed since TABLE, to TABLE.changes" },

    { "from-conf", 0, OPTIONS_IMPORT, OPTION_TEXT, OPTION_IN(from_conf),
      "FILE", "instead: an nginx.conf that serves policies by hand,\n"
      "\"-\" for the output of nginx -T, or a folder of files" },

    { "prefix", 'p', OPTIONS_CONF|OPTIONS_IMPORT|OPTIONS_REPORTS,
      OPTION_TEXT, OPTION_IN(prefix), "PREFIX",
      "the folder of a relative FILE, as nginx's -p" },

    { "repair", 0, OPTIONS_IMPORT, OPTION_FLAG, OPTION_IN(repair), NULL,
      "also what senders reject, where it has one reading" },

    { "output", 'o', OPTIONS_IMPORT, OPTION_TEXT, OPTION_IN(output), "FILE",
      "a file, which is replaced (default: standard output)" },

    { "hosts", 0, OPTIONS_HOSTS, OPTION_FLAG, OPTION_IN(hosts), NULL,
      "only the policy hosts, one per line" },

    { "pointing", 0, OPTIONS_HOSTS, OPTION_LIST, OPTION_IN(pointing), "ADDR",
      "only those that resolve to this address and to no\n"
      "others; may be repeated" },

    { "without-certificate", 0, OPTIONS_HOSTS, OPTION_FLAG,
      OPTION_IN(without_certificate), NULL,
      "only those whose server has no fixed certificate" },

    { "format", 'f', OPTIONS_FORMAT|OPTIONS_CHECK|OPTIONS_PLAN
      |OPTIONS_IMPORT|OPTIONS_REPORTS, OPTION_TEXT, OPTION_IN(format), "FORMAT",
      "one of the formats (default: the first)" },

    { "output", 'o', OPTIONS_RECORDS, OPTION_TEXT, OPTION_IN(output), "DIR",
      "one file per zone, in DIR" },

    { "prune", 0, OPTIONS_RECORDS, OPTION_FLAG, OPTION_IN(prune), NULL,
      "with -o: remove the files of zones without domains" },

    { "tree", 0, OPTIONS_TREE, OPTION_TEXT, OPTION_IN(tree), "DIR",
      "one file per domain, in DIR, for other web servers" },

    { "prune", 0, OPTIONS_TREE, OPTION_FLAG, OPTION_IN(prune), NULL,
      "with --tree: remove the files of domains that have\n"
      "left" },

    { "domains-from", 0,
      OPTIONS_RECORDS|OPTIONS_CHECK|OPTIONS_TREE|OPTIONS_IMPORT,
      OPTION_TEXT, OPTION_IN(domains_from), "FILE",
      "names of domains, separated by white space, in a\n"
      "file, or \"-\" for standard input" },

    { "only", 0, OPTIONS_RECORDS, OPTION_LIST, OPTION_IN(only), "KIND",
      "address, policy or tlsrpt; may be repeated" },

    { "ttl", 0, OPTIONS_RECORDS, OPTION_TIME(0, MTA_STS_RECORD_TTL_MAX),
      OPTION_IN(ttl), "TIME",
      "of the records, such as 3600 (default) or 1h" },

    { "zone", 0, OPTIONS_RECORDS, OPTION_LIST, OPTION_IN(zones), "APEX",
      "a zone that exists; may be repeated\n"
      "(default: each domain is a zone)" },

    { "zones-from", 0, OPTIONS_RECORDS, OPTION_TEXT, OPTION_IN(zones_from),
      "FILE", "the same, from a file; \"dns\": those that the DNS has" },

    { "policy-host", 0, OPTIONS_RECORDS, OPTION_LIST,
      OPTION_IN(policy_hosts), "TARGET",
      "what policy hosts resolve to: a name (CNAME), or\n"
      "an address, which may be repeated" },

    { "delegate", 0, OPTIONS_RECORDS, OPTION_TEXT, OPTION_IN(delegate),
      "NAME", "the records below a name of the delegate, which\n"
      "the customers' aliases point to" },

    { "delegated-from", 0, OPTIONS_RECORDS, OPTION_TEXT,
      OPTION_IN(delegated_from), "FILE",
      "with --delegate: the domains that are delegated\n"
      "(default: all)" },

    { "customer", 0, OPTIONS_RECORDS, OPTION_FLAG, OPTION_IN(customer), NULL,
      "with --delegate: the customers' aliases" },

    { "escaped-semicolons", 0, OPTIONS_FORMAT, OPTION_FLAG,
      OPTION_IN(escaped_semicolons), NULL,
      "for octoDNS 1.x, where they are the default" },

    { "provider", 0, OPTIONS_FORMAT, OPTION_TEXT, OPTION_IN(provider),
      "NAME", "of Terraform or external-dns: route53 or\n"
      "cloudflare" },

    { "served", 0, OPTIONS_RECORDS, OPTION_FLAG, OPTION_IN(served), NULL,
      "hold a policy's record back until it is served, on\n"
      "every address of the policy host, and in mode\n"
      "enforce as long as an MX does not match it" },

    { "smtp", 0, OPTIONS_RECORDS, OPTION_FLAG, OPTION_IN(smtp), NULL,
      "with --served: also certificates of mail servers" },

    { "accept", 0, OPTIONS_RECORDS, OPTION_LIST, OPTION_IN(accept),
      "CODE[:DOMAIN]", "with --served: what does not hold a record back;\n"
      "may be repeated" },

    { "changed", 0, OPTIONS_RECORDS, OPTION_FLAG, OPTION_IN(changed), NULL,
      "only what differs from what the name servers of\n"
      "the zone have, or the one of --resolver" },

    { "before-reload", 0, OPTIONS_CHECK, OPTION_FLAG,
      OPTION_IN(before_reload), NULL,
      "only whether mail would stop once the configured\n"
      "policy is served" },

    { "removed", 0, OPTIONS_RECORDS, OPTION_FLAG, OPTION_IN(removed), NULL,
      "instead: the records to delete, of domains that left\n"
      "the configuration" },

    { "new", 0, OPTIONS_CHECK, OPTION_FLAG, OPTION_IN(new_only), NULL,
      "only what \"--new\" has not reported yet, and what is\n"
      "resolved; needs a state" },

    { "no-config", 0, OPTIONS_CHECK, OPTION_FLAG, OPTION_IN(no_config), NULL,
      "compare with no configuration: for any DOMAIN" },

    { "no-smtp", 0, OPTIONS_CHECK, OPTION_FLAG, OPTION_IN(no_smtp), NULL,
      "do not connect to the mail servers" },

    { "since", 0, OPTIONS_CHECK, OPTION_TEXT, OPTION_IN(since), "FILE",
      "only what is new or resolved since a check whose\n"
      "output with -f json is in FILE" },

    { "family", 0, OPTIONS_CHECK|OPTIONS_RECORDS|OPTIONS_IMPORT,
      OPTION_NUMBER(4, 6), OPTION_IN(net.family), "4|6",
      "look only at IPv4 or IPv6 addresses" },

    { "helo", 0, OPTIONS_CHECK, OPTION_TEXT, OPTION_IN(net.helo), "NAME",
      "the name for mail servers (default: this host's)" },

    { "smtp-timeout", 0, OPTIONS_CHECK, OPTION_TIME(1, 600),
      OPTION_IN(net.smtp_timeout), "TIME", "of an SMTP session (default: 1m)" },

    { "fail-on", 0, OPTIONS_CHECK, OPTION_TEXT, OPTION_IN(fail_on),
      "SEVERITY", "note, warning (default) or error: the least that\n"
      "makes the exit status 1" },

    { "resolver", 0, OPTIONS_NET, OPTION_TEXT, OPTION_IN(net.resolver),
      "ADDR[:PORT]", "the DNS server to ask (default: the system's)" },

    { "ca", 0, OPTIONS_NET, OPTION_TEXT, OPTION_IN(net.ca), "FILE",
      "trusted roots, in PEM (default: the system's)" },

    { "timeout", 0, OPTIONS_NET, OPTION_TIME(1, 300), OPTION_IN(net.timeout),
      "TIME", "of a lookup or a transfer (default: 10s)" },

    { "jobs", 0, OPTIONS_NET, OPTION_NUMBER(1, 1000), OPTION_IN(net.jobs),
      "N", "domains at a time (default: 64)" },

    { "state", 0, OPTIONS_STATE, OPTION_TEXT, OPTION_IN(state), "DIR",
      "what is remembered (default: that of mta_sts_state)" },

    { "until", 0, OPTIONS_PLAN, OPTION_TEXT, OPTION_IN(until), "DATE",
      "of \"plan note\": when the policy was there last,\n"
      "such as 2026-12-31 (default: now)" },

    { "max-age", 0, OPTIONS_PLAN, OPTION_SETTING, MTA_STS_SET_MAX_AGE,
      "TIME", "of \"plan note\": the max_age that the policy had" },

    { "mx", 0, OPTIONS_PLAN, OPTION_SETTING, MTA_STS_SET_MX, "PATTERN",
      "of \"plan note\": a mail server that the policy had;\n"
      "may be repeated" },

    { "mode", 0, OPTIONS_SETTINGS, OPTION_SETTING, MTA_STS_SET_MODE, "MODE",
      "enforce, testing (default) or none" },

    { "mx", 0, OPTIONS_SETTINGS, OPTION_SETTING, MTA_STS_SET_MX, "PATTERN",
      "a mail server, such as mx.example.com or\n"
      "*.mx.example.com; may be repeated" },

    { "max-age", 0, OPTIONS_SETTINGS, OPTION_SETTING, MTA_STS_SET_MAX_AGE,
      "TIME", "how long senders keep the policy, such as 2w or\n"
      "1209600 (default: 1w)" },

    { "tlsrpt-rua", 0, OPTIONS_SETTINGS, OPTION_SETTING,
      MTA_STS_SET_TLSRPT_RUA, "URI",
      "where reports go, mailto: or https:; may be\n"
      "repeated" },

    { "state", 0, OPTIONS_REPORTS, OPTION_TEXT, OPTION_IN(state), "DIR",
      "where reports.sqlite is (default: that of\n"
      "mta_sts_state, or " MTA_STS_STATE_DIR ")" },

    { "days", 0, OPTIONS_REPORTS, OPTION_NUMBER(1, 100000), OPTION_IN(days),
      "N", "of a summary: of the last N days (default: 30)" },

    { "fail-on", 0, OPTIONS_REPORTS, OPTION_TEXT, OPTION_IN(fail_on),
      "SEVERITY", "of a summary: exit status 1 for note, warning or\n"
      "error, and for what is worse (default: 0)" },

    { "trust-authserv", 0, OPTIONS_REPORTS, OPTION_LIST, OPTION_IN(trusted),
      "ID", "of add: of the mail server whose DKIM results are\n"
      "believed; may be repeated" },

    { "keep", 0, OPTIONS_REPORTS, OPTION_NUMBER(1, 100000), OPTION_IN(keep),
      "DAYS", "of add: drop older reports (default: 400)" },

    { "pipe", 0, OPTIONS_REPORTS, OPTION_FLAG, OPTION_IN(pipe), NULL,
      "of add: exit statuses for a mail server: 0, or 75\n"
      "to try again" },

    { "query", 0, OPTIONS_FOLLOW, OPTION_TEXT, OPTION_IN(query), "SQL",
      "selects all domains (default: those of the table\n"
      "mta_sts_domains)" },

    { "changes", 0, OPTIONS_FOLLOW, OPTION_TEXT, OPTION_IN(changes), "SQL",
      "selects what has changed since a cursor" },

    { "listen", 0, OPTIONS_FOLLOW, OPTION_TEXT, OPTION_IN(listen), "CHANNEL",
      "of PostgreSQL, which notifies of changes" },

    { "every", 0, OPTIONS_FOLLOW, OPTION_TIME(1, 31536000), OPTION_IN(every),
      "TIME", "between looks for changes (default: 5s, with\n"
      "--listen or without --changes 60s)" },

    { "full", 0, OPTIONS_FOLLOW, OPTION_TIME(1, 31536000), OPTION_IN(full),
      "TIME", "between reads of everything, if there is\n"
      "--changes or --listen (default: 1h)" },

    { "timeout", 0, OPTIONS_FOLLOW, OPTION_TIME(1, 31536000),
      OPTION_IN(silent), "TIME", "of a silent source (default: 30s)" },

    { "grace", 0, OPTIONS_FOLLOW, OPTION_TIME(1, 31536000), OPTION_IN(grace),
      "TIME", "how long a domain that left stays as it is\n"
      "(default: 1d)" },

    { "allow-removals", 0, OPTIONS_FOLLOW, OPTION_FLAG,
      OPTION_IN(allow_removals), NULL,
      "once, even if most domains have left" },

    { "state", 0, OPTIONS_FOLLOW, OPTION_TEXT, OPTION_IN(state), "DIR",
      "of mta-sts check, which says when senders are free" },

    { "exec", 0, OPTIONS_FOLLOW, OPTION_TEXT, OPTION_IN(exec), "COMMAND",
      "gets the changed domains on standard input" },

    { "metrics", 0, OPTIONS_FOLLOW, OPTION_TEXT, OPTION_IN(metrics), "FILE",
      "for Prometheus, replaced when they change" },

    { "once", 0, OPTIONS_FOLLOW, OPTION_FLAG, OPTION_IN(once), NULL,
      "read, write and end, for cron" },

    { "init", 0, OPTIONS_FOLLOW, OPTION_TEXT, OPTION_IN(init),
      "sqlite:FILE", "instead: creates a database" },

    { "help", 'h', 0, OPTION_FLAG, OPTION_IN(help), NULL, "this text" }
};

const size_t  options_n = sizeof(options_table) / sizeof(options_table[0]);
