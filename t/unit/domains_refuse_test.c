/*
 * A domains file is written by people and by scripts: each error must be
 * reported with line and column, and nothing of the file may be served.
 */

#include "files.h"


#define ALIAS  "\"*\" begins an alias in YAML, which is not supported; " \
               "write a pattern in quotes: \"*.example.com\""
#define USE    "must be the name of a policy or a map of settings"
#define MARK   "this line is like one that nginx -T prints, which the " \
               "helper could not tell from it; change the comment"
#define MODES  "must be \"enforce\", \"testing\" or \"none\""


static const struct {
    const char  *text;
    unsigned     line;
    unsigned     column;
    const char  *error;
} refused[] = {
    { "",
      1, 1, "the file is empty, must have \"domains\"" },

    { "# nothing\n",
      2, 1, "the file is empty, must have \"domains\"" },

    { "---\n",
      2, 1, "the file is empty, must have \"domains\"" },

    { "~\n",
      1, 1, "\"test.conf\" must be a map with a key \"domains\"" },

    { "x\n",
      1, 1, "\"test.conf\" must be a map with a key \"domains\"" },

    { "[a]\n",
      1, 1, "\"test.conf\" must be a map with a key \"domains\"" },

    { "domain:\n  a.example: x\n",
      1, 1, "unknown key \"domain\", did you mean \"domains\"?" },

    { "mode: none\na.example: {mx: mx.a.example}\n",
      2, 1, "unknown key \"a.example\", domains are below \"domains:\"" },

    { "\nmode: none\nMODE: none\n",
      3, 1, "unknown key \"MODE\", did you mean \"mode\"?" },

    { "mode: none\nmode: none\n",
      2, 1, "duplicate key \"mode\"" },

    { "mx: a.b\nmx: b.b\n",
      2, 1, "duplicate key \"mx\"" },

    { "domains: {}\ndomains: {}\n",
      2, 1, "duplicate key \"domains\"" },

    { "policies: {}\npolicies: {}\n",
      2, 1, "duplicate key \"policies\"" },

    { "default: {mode: none}\ndefault: {mode: none}\n",
      2, 1, "duplicate key \"default\"" },

    { "default: {mode: none}\n\fdomains: {}\ndefault: {mode: none}\n"
      "",
      2, 1, "duplicate default, first at 1.yaml:1" },

    { "policies:\n  p: {mode: none, mode: none}\n",
      2, 19, "duplicate key \"mode\"" },

    { "domains:\n  a.b: {max_age: 1w, mode: none, max_age: 1w}\n",
      2, 34, "duplicate key \"max_age\"" },

    { "domains:\n  a.b: {policy: p, policy: p}\n",
      2, 20, "duplicate key \"policy\"" },

    { "policies:\n  p: {mode: none}\n  p: {mode: none}\n",
      3, 3, "duplicate policy \"p\", first at test.conf:2" },

    { "policies:\n  p: {mode: none}\n\fpolicies:\n  p: {mode: none}"
      "\n",
      2, 3, "duplicate policy \"p\", first at 1.yaml:2" },

    { "policies:\n  p: {policy: q}\n",
      2, 7, "unknown key \"policy\"" },

    { "policies:\n  p: x\n",
      2, 6, "\"p\" must be a map of settings" },

    { "policies:\n  p: [x]\n",
      2, 6, "\"p\" must be a map of settings" },

    { "policies:\n  'p q': {mode: none}\n",
      2, 3, "invalid policy name \"p q\", must be a word "
      "without spaces" },

    { "policies:\n  '': {mode: none}\n",
      2, 3, "invalid policy name \"\", must be a word without "
      "spaces" },

    { "policies: x\n",
      1, 11, "\"policies\" must be a map of policies" },

    { "policies: [x]\n",
      1, 11, "\"policies\" must be a map of policies" },

    { "policies:\n",
      1, 10, "\"policies\" must be a map of policies" },

    { "domains: x\n",
      1, 10, "\"domains\" must be a map of domains, such as "
      "\"example.com: {}\"" },

    { "domains: [a.b]\n",
      1, 10, "\"domains\" must be a map of domains, such as "
      "\"example.com: {}\"" },

    { "domains:\n",
      1, 9, "\"domains\" must be a map of domains, such as "
      "\"example.com: {}\"" },

    { "domains:\n  a.b:\n",
      2, 7, "\"a.b\" " USE },

    { "domains:\n  a.b: []\n",
      2, 8, "\"a.b\" " USE },

    { "domains:\n  a.b: ''\n",
      2, 8, "\"a.b\" " USE },

    { "domains:\n  a.b: {policy: [p]}\n",
      2, 17, "\"policy\" must be the name of a policy" },

    { "domains:\n  a.b: {policy: {a: b}}\n",
      2, 17, "\"policy\" must be the name of a policy" },

    { "domains:\n  a.b: {policy: ''}\n",
      2, 17, "\"policy\" must be the name of a policy" },

    { "domains:\n  a.b: {mode: {a: b}}\n",
      2, 15, "\"mode\" must be a text or a list of texts" },

    { "domains:\n  a.b: {mx: []}\n",
      2, 14, "\"mx\" must not be empty" },

    { "domains:\n  a.b: {mx: [[a.b]]}\n",
      2, 14, "\"mx\" must be a text or a list of texts" },

    { "domains:\n  a.b: {mx: [a.b, {}]}\n",
      2, 19, "\"mx\" must be a text or a list of texts" },

    { "domains:\n  a.b: {xm: x}\n",
      2, 9, "unknown key \"xm\", did you mean \"mx\"?" },

    { "domains:\n  [a.b]: p\n",
      2, 3, "a key must be a text" },

    { "{a: b}: c\n",
      1, 1, "a key must be a text" },

    { "domains:\n  a.b: {}\n",
      2, 3, "mode \"testing\" needs at least one mx" },

    { "default: x\n",
      1, 10, "unknown policy \"x\"" },

    { "default: [x]\n",
      1, 10, "\"default\" " USE },

    { "default:\n",
      1, 9, "\"default\" " USE },

    { "default: {}\n",
      1, 1, "mode \"testing\" needs at least one mx" },

    { "domains:\n  a.b: p\npolicies:\n  P: {mode: none}\n",
      2, 8, "unknown policy \"p\", did you mean \"P\"?" },

    { "domains:\n  a.b: p\n  b.b: q\n",
      2, 8, "unknown policy \"p\"" },

    { "domains:\n  a.b: {policy: p, mode: none}\n",
      2, 17, "unknown policy \"p\"" },

    { "policies:\n  p: {mode: none}\ndomains:\n  a.b: p\n  b.b: p\n "
      " A.B.: p\n",
      6, 3, "duplicate domain \"a.b\", first at test.conf:4" },

    { "policies:\n  p: {mode: none}\ndomains: {a.b: p, c.b: p, a.b: "
      "p}\n",
      3, 27, "duplicate domain \"a.b\", first at test.conf:3" },

    { "policies:\n  p: {mode: none}\ndomains:\n  a.b: p\n\fdomains:"
      "\n  c.b: p\n  a.b: p\n",
      3, 3, "duplicate domain \"a.b\", first at 1.yaml:4" },

    { "policies:\n  p: {mode: none}\ndomains:\n  xn--bcher-kva.b: p"
      "\n  \"b\xc3\xbc" "cher.b\": p\n",
      5, 3, "duplicate domain \"xn--bcher-kva.b\", first at "
      "test.conf:4" },

    { "domains:\n  a.b: {mode: none}\n  a.b: {mode: none}\nmax_age: "
      "2w\n",
      3, 3, "duplicate domain \"a.b\", first at test.conf:2" },

    { "domains:\n  a.b: {mode: no}\n",
      2, 15, "invalid mode \"no\", " MODES },

    { "domains:\n  a.b: {mode: [none, none]}\n",
      2, 22, "mode takes one value" },

    { "domains:\n  a.b: {mode: none, max_age: 0}\n",
      2, 30, "invalid max_age \"0\", must be between 1 and "
      "31557600 seconds" },

    { "max_age: 0\ndomains: {}\n",
      1, 10, "invalid max_age \"0\", must be between 1 and "
      "31557600 seconds" },

    { "max_age:\n",
      1, 9, "invalid max_age \"\", must be a time such as \"1w\""
      " or \"604800\"" },

    { "domains:\n  a.b: {mx: *.example.net}\n",
      2, 13, ALIAS },

    { "mx: *foo\n",
      1, 5, ALIAS },

    { "mx:\n  - a.b\n  - *.a.b\n",
      3, 5, ALIAS },

    { "mx: &x a.b\n",
      1, 5, "anchor \"&x\" is not supported" },

    { "mx: !!str a.b\n",
      1, 5, "tag \"tag:yaml.org,2002:str\" is not supported, "
      "every value is a text" },

    { "domains: !x {}\n",
      1, 10, "tag \"!x\" is not supported, every value is a text" },

    { "mx: \"a\\0b\"\n",
      1, 5, "a text must not have a NUL" },

    { "mode: none\n---\nmode: none\n",
      2, 1, "a second document is not supported" },

    { "mode: none\n...\nmx: a.b\n",
      3, 1, "a second document is not supported" },

    { "domains:\n\ta.b: p\n",
      2, 1, "invalid YAML, a tab cannot indent, use spaces" },

    { "mode: none\n# \xc3\xbc\nmx: @b\n",
      3, 5, "invalid YAML, found character that cannot start any token, while "
      "scanning for the next token" },

    { "\xef\xbb\xbf# \xc3\xbc\nmx:\n\t- a.b\n",
      3, 1, "invalid YAML, a tab cannot indent, use spaces" },

    { "policies:\n  hosted: {mode: none}\ndomains:\n  a.b: hosetd\n",
      4, 8, "unknown policy \"hosetd\", did you mean \"hosted\"?" },

    { "policies:\n  hosted: {mode: none}\ndomains:\n  a.b: other\n",
      4, 8, "unknown policy \"other\"" },

    { "mta_sts_mode: none\n",
      1, 1, "unknown key \"mta_sts_mode\", did you mean \"mode\"?" },

    { "domains:\n  a.b: {polciy: p}\n",
      2, 9, "unknown key \"polciy\", did you mean \"policy\"?" },

    { "policies:\n  p: {polciy: p}\n",
      2, 7, "unknown key \"polciy\"" },

    { "mode: none\n# configuration file /etc/nginx/nginx.conf:\n",
      2, 1, MARK },

    { "# configuration file /a:\nmode: none\n",
      1, 1, MARK },

    { "mode: |\n\n# configuration file /a b:",
      3, 1, MARK },

    { "domains: {a.b: p\n",
      2, 1, "invalid YAML, did not find expected ',' or '}', "
      "while parsing a flow mapping" },

    { "mode: none\n  mx: a.b\n",
      1, 7, "invalid mode \"none mx\", " MODES },

    { "mode: \xff\n",
      1, 7, "invalid YAML, invalid leading UTF-8 octet" },

    { "domains:\n  a.b: {mode: enforce}\n",
      2, 9, "mode \"enforce\" needs at least one mx" },

    { "mode: enforce\ndomains:\n  a.b: {max_age: 1w}\n",
      3, 3, "mode \"enforce\" needs at least one mx" },

    { "max_age: 1w\npolicies:\n  p: {max_age: 2w}\ndomains:\n  a.b: "
      "p\n",
      5, 3, "mode \"testing\" needs at least one mx" },

    { "domains:\n  a_b.c: p\n",
      2, 3, "invalid domain \"a_b.c\", \"_\" is not allowed in "
      "a host name" },

    { "domains:\n  '*.a.b': p\n",
      2, 3, "invalid domain \"*.a.b\", a host name has only "
      "letters, digits, \"-\" and \".\"" },

    { "domains:\n  a..b: p\n",
      2, 3, "invalid domain \"a..b\", has an empty label" },

    { "domains:\n  192.0.2.1: p\n",
      2, 3, "invalid domain \"192.0.2.1\", must be a host name, "
      "not an IP address" },

    { "domains:\n  '': p\n",
      2, 3, "invalid domain \"\", must not be empty" },

    { "domains:\n  a.b: {mx: a_b.c}\n",
      2, 13, "invalid mx \"a_b.c\", \"_\" is not allowed in a "
      "host name" },

    { "domains:\n  a.b: {mode: none, tlsrpt_rua: a@b.c}\n",
      2, 33, "invalid tlsrpt_rua \"a@b.c\", must be a URI: "
      "\"mailto:a@b.c\"" },

    { "domains:\n  a.b: p\n  b.b: {mode: x}\npolicies: {}\n",
      2, 8, "unknown policy \"p\"" },

    { "? {a: b}\n: c\n",
      1, 3, "a key must be a text" }
};


int
main(void)
{
    size_t             i;
    mta_sts_domains_t  domains;

    for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        test_begin(0);

        is_int(files_read(&domains, refused[i].text), MTA_STS_ERROR,
               "refused: %s", refused[i].text);
        is_err(&test.err, refused[i].line, refused[i].column,
               refused[i].error);
    }

    return done();
}
