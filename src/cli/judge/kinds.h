/*
 * The list of all kinds of findings.  The enumeration, the table that judge
 * reads and the table in the documentation come from it; t/check.t compares the
 * latter.
 *
 *     X(KIND, CODE, SUBJECT, SEVERITY, LESS, RFC SECTION, MEANING)
 *
 * KIND      the name in the enumeration; reports list findings in this order
 * CODE      what users, scripts and monitoring see: never change one
 * SUBJECT   TXT, HOST, MAIL or TLSRPT: see finding_subject_e
 * SEVERITY  NOTE, UNKNOWN, WARNING or ERROR: see finding_severity_e
 * LESS      1: an error is a warning unless the mode is "enforce", and a note
 *           in mode "none"; 2: an error is a warning where judge says so
 * MEANING   one line for the documentation, in Markdown
 *
 * The kinds of policy hosts and mail servers that address_findings() and
 * cert_findings() give have the same order.
 */

#ifndef MTA_STS_JUDGE_KINDS_H
#define MTA_STS_JUDGE_KINDS_H


#define FINDING_LIST(X)                                                       \
    X(TXT_DNS, "txt-dns", TXT, ERROR, 0,                                      \
      "8461 3.1", "the lookup of the `_mta-sts` record fails")                \
    X(TXT_NONE, "txt-none", TXT, ERROR, 0,                                    \
      "8461 3.1", "there is no `_mta-sts` record")                            \
    X(TXT_VERSION, "txt-version", TXT, ERROR, 0,                              \
      "8461 3.1", "no TXT record begins with `v=STSv1;`")                     \
    X(TXT_SEVERAL, "txt-several", TXT, ERROR, 0,                              \
      "8461 3.1", "more than one TXT record begins with `v=STSv1`")           \
    X(TXT_ID_MISSING, "txt-id-missing", TXT, ERROR, 0,                        \
      "8461 3.1", "the record has no `id`, or an empty one")                  \
    X(TXT_ID_SYNTAX, "txt-id-syntax", TXT, ERROR, 0,                          \
      "8461 3.1", "the `id` is not 1 to 32 letters and digits")               \
    X(TXT_SYNTAX, "txt-syntax", TXT, ERROR, 0,                                \
      "8461 3.1", "the record breaks the grammar in another way")             \
    X(TXT_TAB, "txt-tab", TXT, ERROR, 0,                                      \
      "8461 3.1", "the record has a tab, which a common sender rejects")      \
    X(TXT_ID_DIFFERS, "txt-id-differs", TXT, ERROR, 0,                        \
      "8461 3.1", "the `id` is not that of the configured policy")            \
    X(TXT_ID_STALE, "txt-id-stale", TXT, WARNING, 0,                          \
      "8461 3.1",                                                             \
      "the `id` looks computed, but not from the policy that is served")      \
    X(TXT_ID_TWICE, "txt-id-twice", TXT, WARNING, 0,                          \
      "8461 3.1", "the record has two `id` fields")                           \
    X(TXT_OTHER, "txt-other", TXT, WARNING, 0,                                \
      "8461 3.1", "there are other TXT records at the same name")             \
    X(TXT_STRINGS, "txt-strings", TXT, WARNING, 0,                            \
      "8461 3.1", "the record consists of several strings")                   \
    X(TXT_EXTENSION, "txt-extension", TXT, WARNING, 0,                        \
      "8461 3.1", "the record has a field that is not `v` or `id`")           \
    X(TXT_TRAILING_SPACE, "txt-trailing-space", TXT, WARNING, 0,              \
      "8461 3.1", "there is a space after the last `;`")                      \
    X(TXT_SPACE, "txt-space", TXT, WARNING, 0,                                \
      "8461 3.1", "there is a space before the first `;`")                    \
    X(TXT_TTL, "txt-ttl", TXT, NOTE, 0,                                       \
      "8461 8.1", "a resolver may keep the record for more than a day")       \
                                                                              \
    X(HOST_DNS, "host-dns", HOST, ERROR, 0,                                   \
      "8461 3.3", "the lookup of the policy host's addresses fails")          \
    X(HOST_NONE, "host-none", HOST, ERROR, 0,                                 \
      "8461 3.3", "the policy host has no address")                           \
    X(POLICY_NOT_TRIED, "policy-not-tried", HOST, UNKNOWN, 0,                 \
      "8461 3.3",                                                             \
      "an address was not tried: there are too many, or no file descriptors") \
    X(POLICY_FAMILY, "policy-family", HOST, NOTE, 0,                          \
      "8461 3.3", "an address was not tried because of `--family`")           \
    X(HOST_PRIVATE, "host-private", HOST, ERROR, 2,                           \
      "8461 3.3", "an address of the policy host is not a public one")        \
    X(HOST_CAA, "host-caa", HOST, WARNING, 0,                                 \
      "8659 4.2", "the CAA records forbid every CA to issue a certificate")   \
    X(POLICY_NO_ROUTE, "policy-no-route", HOST, UNKNOWN, 0,                   \
      "8461 3.3",                                                             \
      "an address was not tried: this machine has no route to it")            \
    X(POLICY_CONNECT, "policy-connect", HOST, ERROR, 2,                       \
      "8461 3.3", "an address accepts no connection on port 443")             \
    X(POLICY_TIMEOUT, "policy-timeout", HOST, ERROR, 2,                       \
      "8461 3.3", "an address does not serve the policy in time")             \
    X(POLICY_TLS, "policy-tls", HOST, ERROR, 0,                               \
      "8461 3.3", "the TLS handshake with TLS 1.2 or newer fails")            \
    X(POLICY_TLS13_ONLY, "policy-tls13-only", HOST, WARNING, 0,               \
      "8461 3.3", "the policy host supports only TLS 1.3")                    \
    X(POLICY_TLS_EXCHANGE, "policy-tls-exchange", HOST, WARNING, 0,           \
      "8461 3.3", "TLS 1.2 without ECDHE, which some senders need")           \
    X(POLICY_CERT_NAME, "policy-cert-name", HOST, ERROR, 0,                   \
      "8461 3.3",                                                             \
      "the certificate does not name `mta-sts.<domain>` as a DNS name")       \
    X(POLICY_CERT_CHAIN, "policy-cert-chain", HOST, ERROR, 0,                 \
      "8461 3.3", "the certificate's chain does not lead to a trusted root")  \
    X(POLICY_CERT_EXPIRED, "policy-cert-expired", HOST, ERROR, 0,             \
      "8461 3.3", "the certificate has expired")                              \
    X(POLICY_CERT_NOT_YET, "policy-cert-not-yet", HOST, ERROR, 0,             \
      "8461 3.3", "the certificate is not valid yet")                         \
    X(POLICY_CERT_EXPIRES, "policy-cert-expires", HOST, WARNING, 0,           \
      "8461 3.3", "the certificate expires soon and was not renewed")         \
    X(POLICY_CERT_WEAK, "policy-cert-weak", HOST, ERROR, 0,                   \
      "8461 3.3", "the certificate's RSA key has less than 2048 bits")        \
    X(POLICY_CERT_STAPLE, "policy-cert-staple", HOST, WARNING, 0,             \
      "7633 4.2",                                                             \
      "the certificate demands OCSP stapling, which the server does not do")  \
    X(POLICY_CLOSED, "policy-closed", HOST, ERROR, 0,                         \
      "8461 3.3", "the connection ends before the answer is complete")        \
    X(POLICY_REDIRECT, "policy-redirect", HOST, ERROR, 0,                     \
      "8461 3.3", "the answer is a redirect, which senders must not follow")  \
    X(POLICY_STATUS, "policy-status", HOST, ERROR, 0,                         \
      "8461 3.3", "the status of the answer is not 200")                      \
    X(POLICY_TYPE, "policy-type", HOST, ERROR, 0,                             \
      "8461 3.2", "the media type is not `text/plain`")                       \
    X(POLICY_TYPE_FORM, "policy-type-form", HOST, ERROR, 2,                   \
      "8461 3.2", "the media type has a form that some senders reject")       \
    X(POLICY_ENCODING, "policy-encoding", HOST, ERROR, 0,                     \
      "8461 3.3", "the answer is compressed although this was not requested") \
    X(POLICY_HEAD, "policy-head", HOST, WARNING, 0,                           \
      "8461 3.3", "the head of the answer has what some senders reject")      \
    X(POLICY_TOO_LARGE, "policy-too-large", HOST, ERROR, 0,                   \
      "8461 3.3", "the policy has 32 KiB or more")                            \
    X(POLICY_LARGE, "policy-large", HOST, WARNING, 0,                         \
      "8461 3.3", "the policy has more than 10 KiB")                          \
    X(POLICY_SLOW, "policy-slow", HOST, ERROR, 2,                             \
      "8461 3.3", "the answer takes more than two seconds")                   \
    X(POLICY_SYNTAX, "policy-syntax", HOST, ERROR, 0,                         \
      "8461 3.2", "a line of the policy is not a key, `:` and a value")       \
    X(POLICY_BOM, "policy-bom", HOST, ERROR, 0,                               \
      "8461 3.2", "the policy begins with a byte order mark")                 \
    X(POLICY_BLANK_LINE, "policy-blank-line", HOST, ERROR, 0,                 \
      "8461 3.2", "the policy has an empty line")                             \
    X(POLICY_VERSION, "policy-version", HOST, ERROR, 0,                       \
      "8461 3.2", "`version` is missing or not `STSv1`")                      \
    X(POLICY_MODE, "policy-mode", HOST, ERROR, 0,                             \
      "8461 3.2", "`mode` is missing or not one of the three")                \
    X(POLICY_MAX_AGE, "policy-max-age", HOST, ERROR, 0,                       \
      "8461 3.2", "`max_age` is missing or not 0 to 31557600")                \
    X(POLICY_MX, "policy-mx", HOST, ERROR, 0,                                 \
      "8461 3.2", "an `mx` is not a host name or `*.` and a host name")       \
    X(POLICY_MX_MISSING, "policy-mx-missing", HOST, ERROR, 0,                 \
      "8461 3.2", "the mode needs an `mx` and there is none")                 \
    X(POLICY_DUPLICATE, "policy-duplicate", HOST, ERROR, 2,                   \
      "8461 3.2", "a key that must be unique occurs twice")                   \
    X(POLICY_EXTENSION, "policy-extension", HOST, ERROR, 2,                   \
      "8461 3.2", "the policy has a key that the RFC does not define")        \
    X(POLICY_NONE_WITHOUT_MX, "policy-none-without-mx", HOST, WARNING, 0,     \
      "8461 3.2", "`mode: none` without an `mx`")                             \
    X(POLICY_MAX_AGE_SHORT, "policy-max-age-short", HOST, WARNING, 0,         \
      "8461 3.2", "`max_age` is less than a day")                             \
    X(POLICY_MX_CASE, "policy-mx-case", HOST, WARNING, 0,                     \
      "8461 4.1", "an `mx` has capital letters")                              \
    X(POLICY_VERSION_NOT_FIRST, "policy-version-not-first", HOST, WARNING, 0, \
      "8461 3.2", "`version` is not the first line")                          \
    X(POLICY_SPACE, "policy-space", HOST, WARNING, 0,                         \
      "8461 3.2", "white space around a value that some senders reject")      \
    X(POLICY_LINE_ENDS, "policy-line-ends", HOST, WARNING, 0,                 \
      "8461 3.2", "some lines end with CRLF and some with LF")                \
    X(POLICY_DIFFERS, "policy-differs", HOST, ERROR, 0,                       \
      "8461 3.3", "the policy is not the configured one")                     \
    X(POLICY_ADDRESSES_DIFFER, "policy-addresses-differ", HOST, ERROR, 0,     \
      "8461 3.3",                                                             \
      "the addresses of the policy host serve different policies")            \
    X(POLICY_TESTING, "policy-testing", HOST, NOTE, 0,                        \
      "8461 5", "the mode is `testing`: senders do not refuse mail yet")      \
    X(POLICY_MAX_AGE_LOW, "policy-max-age-low", HOST, NOTE, 0,                \
      "8461 3.2", "in `enforce`, `max_age` is less than a week")              \
    X(POLICY_PRELOAD, "policy-preload", HOST, NOTE, 0,                        \
      "8461 10.2", "nothing is wrong, and the policy may be preloaded")       \
                                                                              \
    X(MX_DNS, "mx-dns", MAIL, ERROR, 0,                                       \
      "8461 4.1", "the lookup of the MX records fails")                       \
    X(MX_NONE, "mx-none", MAIL, WARNING, 0,                                   \
      "5321 5.1", "there is no MX record")                                    \
    X(MX_NULL, "mx-null", MAIL, WARNING, 0,                                   \
      "7505 3", "the MX record says that the domain accepts no mail")         \
    X(MX_ADDRESS, "mx-address", MAIL, ERROR, 1,                               \
      "5321 5.1", "an MX record has an IP address instead of a host name")    \
    X(MX_NOT_COVERED, "mx-not-covered", MAIL, ERROR, 1,                       \
      "8461 4.1", "a mail server matches no `mx` of the policy")              \
    X(MX_NOT_COVERED_NEXT, "mx-not-covered-next", MAIL, ERROR, 0,             \
      "8461 4.1",                                                             \
      "a mail server matches no `mx` of the policy that is configured")       \
    X(MX_STALE, "mx-stale", MAIL, NOTE, 0,                                    \
      "8461 8.1", "an `mx` of the policy matches no mail server")             \
    X(MX_CNAME, "mx-cname", MAIL, WARNING, 1,                                 \
      "5321 5.1", "a mail server's name is an alias")                         \
    X(MX_HOST_DNS, "mx-host-dns", MAIL, ERROR, 1,                             \
      "5321 5.1", "the lookup of a mail server's addresses fails")            \
    X(MX_HOST_NONE, "mx-host-none", MAIL, ERROR, 1,                           \
      "5321 5.1", "a mail server has no address")                             \
    X(SMTP_NOT_TRIED, "smtp-not-tried", MAIL, UNKNOWN, 1,                     \
      "8461 4.2",                                                             \
      "an address was not tried: there are too many, or no file descriptors") \
    X(SMTP_FAMILY, "smtp-family", MAIL, NOTE, 0,                              \
      "8461 4.2", "an address was not tried because of `--family`")           \
    X(SMTP_NO_ROUTE, "smtp-no-route", MAIL, UNKNOWN, 1,                       \
      "8461 4.2",                                                             \
      "an address was not tried: this machine has no route to it")            \
    X(SMTP_CONNECT, "smtp-connect", MAIL, WARNING, 1,                         \
      "8461 4.2", "a mail server accepts no connection on port 25")           \
    X(SMTP_ANSWER, "smtp-answer", MAIL, WARNING, 1,                           \
      "8461 4.2",                                                             \
      "a mail server does not talk to this machine, so its TLS is not known") \
    X(SMTP_STARTTLS, "smtp-starttls", MAIL, ERROR, 1,                         \
      "8461 4.2", "a mail server does not offer STARTTLS")                    \
    X(SMTP_TLS, "smtp-tls", MAIL, ERROR, 1,                                   \
      "8461 4.2", "the TLS handshake with TLS 1.2 or newer fails")            \
    X(SMTP_CERT_NAME, "smtp-cert-name", MAIL, ERROR, 1,                       \
      "8461 4.2",                                                             \
      "the certificate does not have the mail server's name as a DNS name")   \
    X(SMTP_CERT_CHAIN, "smtp-cert-chain", MAIL, ERROR, 1,                     \
      "8461 4.2", "the certificate's chain does not lead to a trusted root")  \
    X(SMTP_CERT_EXPIRED, "smtp-cert-expired", MAIL, ERROR, 1,                 \
      "8461 4.2", "the certificate has expired")                              \
    X(SMTP_CERT_NOT_YET, "smtp-cert-not-yet", MAIL, ERROR, 1,                 \
      "8461 4.2", "the certificate is not valid yet")                         \
    X(SMTP_CERT_EXPIRES, "smtp-cert-expires", MAIL, WARNING, 1,               \
      "8461 4.2", "the certificate expires soon and was not renewed")         \
    X(SMTP_CERT_WEAK, "smtp-cert-weak", MAIL, ERROR, 1,                       \
      "8461 4.2", "the certificate's RSA key has less than 2048 bits")        \
                                                                              \
    X(TLSRPT_DNS, "tlsrpt-dns", TLSRPT, WARNING, 0,                           \
      "8460 3", "the lookup of the `_smtp._tls` record fails")                \
    X(TLSRPT_NONE, "tlsrpt-none", TLSRPT, NOTE, 0,                            \
      "8460 3", "there is no report address for refused mail")                \
    X(TLSRPT_VERSION, "tlsrpt-version", TLSRPT, ERROR, 0,                     \
      "8460 3", "no TXT record begins with `v=TLSRPTv1;`")                    \
    X(TLSRPT_SEVERAL, "tlsrpt-several", TLSRPT, ERROR, 0,                     \
      "8460 3", "more than one TXT record begins with `v=TLSRPTv1`")          \
    X(TLSRPT_SYNTAX, "tlsrpt-syntax", TLSRPT, ERROR, 0,                       \
      "8460 3",                                                               \
      "the record breaks the grammar, or a URI is not mailto: or https:")     \
    X(TLSRPT_SPACE, "tlsrpt-space", TLSRPT, WARNING, 0,                       \
      "8460 3", "there is white space around a `,`")                          \
    X(TLSRPT_STRINGS, "tlsrpt-strings", TLSRPT, WARNING, 0,                   \
      "8460 3", "the record consists of several strings")                     \
    X(TLSRPT_OTHER, "tlsrpt-other", TLSRPT, WARNING, 0,                       \
      "8460 3", "there are other TXT records at the same name")               \
    X(TLSRPT_DIFFERS, "tlsrpt-differs", TLSRPT, WARNING, 0,                   \
      "8460 3", "the record is not the configured one, or missing")           \
    X(TLSRPT_OWN, "tlsrpt-own", TLSRPT, NOTE, 0,                              \
      "8460 3", "reports go to the domain that they are about, all or some")  \
    X(REPORT_UNKNOWN, "report-unknown", TLSRPT, UNKNOWN, 0,                   \
      "8460 3", "the store of reports cannot be read")                        \
    X(REPORT_NONE, "report-none", TLSRPT, NOTE, 0,                            \
      "8460 3", "there is a record, and no report came for a week")           \
    X(REPORT_REFUSED, "report-refused", TLSRPT, ERROR, 1,                     \
      "8460 4.3", "verified reports have failures that `enforce` refuses")    \
    X(REPORT_UNPROTECTED, "report-unprotected", TLSRPT, WARNING, 1,           \
      "8460 4.3.2",                                                           \
      "verified reports: senders cannot fetch the policy, or not use it")     \
    X(REPORT_DANE, "report-dane", TLSRPT, WARNING, 0,                         \
      "8460 4.3.2", "verified reports have failures of DANE")                 \
    X(REPORT_APART, "report-apart", TLSRPT, NOTE, 0,                          \
      "8460 4.3", "verified reports have failures without any policy")


#endif /* MTA_STS_JUDGE_KINDS_H */
