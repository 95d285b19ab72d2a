/*
 * ONE function sets a setting, wherever it comes from, so its limits, texts
 * and places are checked here once.
 */

#include "set.h"


#define MAX_AGE_TIME   "must be a time such as \"1w\" or \"604800\""
#define MAX_AGE_RANGE  "must be between 1 and 31557600 seconds"
#define URI_FAULT      "must begin with \"mailto:\" or \"https:\""


/* Each line that is refused when set after before: where, and why. */

static const struct {
    const char  *before;
    const char  *line;
    unsigned     column;
    const char  *error;
} refused[] = {
    { "", "nmx a.example", 1, "unknown setting \"nmx\"" },
    { "", "MX a.example", 1, "unknown setting \"MX\"" },
    { "", "mx_ a.example", 1, "unknown setting \"mx_\"" },
    { "", "m a.example", 1, "unknown setting \"m\"" },
    { "", " a.example", 1, "unknown setting \"\"" },
    { "", "mta_sts_mx a.example", 1, "unknown setting \"mta_sts_mx\"" },

    { "mode none", "mode none", 1, "duplicate \"mode\"" },
    { "max_age 1w", "max_age 2w", 1, "duplicate \"max_age\"" },
    { "", "mode none none", 11, "mode takes one value" },
    { "", "max_age 1w 1d 2d", 12, "max_age takes one value" },
    { "mode none", "mode none none", 1, "duplicate \"mode\"" },

    { "", "mode Enforce", 6, "invalid mode \"Enforce\", must be \"enforce\", "
      "\"testing\" or \"none\"" },
    { "", "mode enforced", 6, "invalid mode \"enforced\", must be "
      "\"enforce\", \"testing\" or \"none\"" },
    { "", "mode ", 6, "invalid mode \"\", must be \"enforce\", \"testing\" "
      "or \"none\"" },

    { "", "mx post@example.com", 4, "invalid mx \"post@example.com\", must "
      "be a host name, not an e-mail address" },
    { "", "mx a.example b_c.example", 14, "invalid mx \"b_c.example\", "
      "\"_\" is not allowed in a host name" },
    { "", "mx ", 4, "invalid mx \"\", must not be empty" },

    { "", "max_age 0", 9, "invalid max_age \"0\", " MAX_AGE_RANGE },
    { "", "max_age 0w", 9, "invalid max_age \"0w\", " MAX_AGE_RANGE },
    { "", "max_age 31557601", 9, "invalid max_age \"31557601\", "
      MAX_AGE_RANGE },
    { "", "max_age 40000000", 9, "invalid max_age \"40000000\", "
      MAX_AGE_RANGE },
    { "", "max_age 4294967297", 9, "invalid max_age \"4294967297\", "
      MAX_AGE_RANGE },
    { "", "max_age 366d", 9, "invalid max_age \"366d\", " MAX_AGE_RANGE },
    { "", "max_age -1", 9, "invalid max_age \"-1\", " MAX_AGE_TIME },
    { "", "max_age 1week", 9, "invalid max_age \"1week\", " MAX_AGE_TIME },
    { "", "max_age 99999999999999999999", 9, "invalid max_age "
      "\"99999999999999999999\", " MAX_AGE_TIME },
    { "", "max_age ", 9, "invalid max_age \"\", " MAX_AGE_TIME },

    { "", "tlsrpt_rua a@example.com", 12, "invalid tlsrpt_rua "
      "\"a@example.com\", must be a URI: \"mailto:a@example.com\"" },
    { "", "tlsrpt_rua mailto:a@example.com http://x", 33, "invalid tlsrpt_rua "
      "\"http://x\", " URI_FAULT },
    { "", "tlsrpt_rua ", 12, "invalid tlsrpt_rua \"\", " URI_FAULT }
};


static void
test_refused(void)
{
    size_t            i;
    unsigned          own;
    mta_sts_settings_t  settings;
    mta_sts_value_t     name, values[2];

    for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        test_begin(0);

        (void) set_lines(&settings, refused[i].before);
        own = settings.own;

        name = test_value(mta_sts_str_from(refused[i].line), 5, 1);
        values[0] = name;

        if (strchr(refused[i].line, ' ')[1] == '\0') {

            /* the name, and an empty value */

            name.text.len = strlen(refused[i].line) - 1;
            values[0] = test_value(mta_sts_str(""), 5, refused[i].column);

            is_int(mta_sts_settings_set(&settings, &name, values, 1, &test.env,
                                        &test.err),
                   MTA_STS_ERROR, "refused: %s", refused[i].line);

        } else {
            is_int(set_line(&settings, 5, refused[i].line), MTA_STS_ERROR,
                   "refused: %s", refused[i].line);
        }

        is_err(&test.err, 5, refused[i].column, refused[i].error);
        ok(settings.own == own && settings.set == own, "is not set");
    }

    test_begin(0);
    memset(&settings, 0, sizeof(mta_sts_settings_t));

    name = test_value(mta_sts_str("mode"), 5, 1);
    values[0] = test_value(mta_sts_str("none\0"), 5, 6);

    is_int(mta_sts_settings_set(&settings, &name, values, 1, &test.env,
                                &test.err),
           MTA_STS_ERROR, "a mode with a NUL");
    is_err(&test.err, 5, 6, "invalid mode \"none\", must be \"enforce\", "
           "\"testing\" or \"none\"");

    name.text = mta_sts_str("mode\0");
    values[0].text = mta_sts_str("none");

    is_int(mta_sts_settings_set(&settings, &name, values, 1, &test.env,
                                &test.err),
           MTA_STS_ERROR, "a name with a NUL");
    is_err(&test.err, 5, 1, "unknown setting \"mode\"");
}


static void
test_values(void)
{
    mta_sts_settings_t  settings;

    test_begin(0);

    is_int(set_lines(&settings, "mode none\nmx a.example B.example.\n"
                      "max_age 1y 1d\nmx *.c.example\n"
                      "tlsrpt_rua mailto:A@b.example"), MTA_STS_ERROR,
           "max_age is one word");

    is_int(set_lines(&settings, "mode none\nmx a.example B.example.\n"
                      "max_age 1y6h\nmx *.c.example\n"
                      "tlsrpt_rua mailto:A@b.example"), MTA_STS_OK, "all set");

    is_int(settings.mode, MTA_STS_NONE, "the mode");
    is_int(settings.max_age, MTA_STS_MAX_AGE_MAX, "1y6h");
    is_int((long long) settings.mx.n, 3, "mx of two lines");
    is_str(settings.mx.elts[1].text, mta_sts_str("b.example"), "the second");
    is_int(settings.mx.elts[1].place.line, 2, "its line");
    is_int(settings.mx.elts[1].place.column, 14, "its column");
    is_str(settings.mx.elts[2].text, mta_sts_str("*.c.example"), "the third");
    is_int(settings.mx.elts[2].place.line, 4, "its line");
    is_str(settings.tlsrpt_rua.elts[0].text, mta_sts_str("mailto:A@b.example"),
           "a URI is kept as it is");
    is_int(settings.places[MTA_STS_SET_MX].line, 2, "mx is where it began");
    is_int(settings.places[MTA_STS_SET_MX].column, 1, "at its name");
    is_int(settings.places[MTA_STS_SET_MAX_AGE].line, 3, "place of max_age");
    is_int(settings.places[MTA_STS_SET_TLSRPT_RUA].line, 5, "place of rua");
    is_int((long long) test.n_warnings, 0, "no warnings");

    memset(&settings, 0, sizeof(mta_sts_settings_t));
    is_int(set_line(&settings, 1, "max_age 1"), MTA_STS_OK, "1 second");
    is_int(settings.max_age, 1, "is 1");

    memset(&settings, 0, sizeof(mta_sts_settings_t));
    is_int(set_line(&settings, 1, "mode enforce"), MTA_STS_OK, "enforce");
    is_str(mta_sts_mode_str(settings.mode), mta_sts_str("enforce"), "by name");
    is_int(settings.mode, MTA_STS_ENFORCE, "and by number");
}


/* Each policy with its one warning, or NULL. */

static const struct {
    const char  *lines;
    unsigned     line;
    unsigned     column;
    const char  *warning;
    size_t       values;                 /* mx and rua that are kept */
} warned[] = {
    { "mx a.example\nmx b.example A.EXAMPLE.", 2, 14,
      "duplicate mx \"a.example\"", 2 },
    { "mx *.a.example *.a.example", 1, 16, "duplicate mx \"*.a.example\"",
      1 },
    { "mx b\xc3\xbc" "cher.example xn--bcher-kva.example", 1, 20,
      "duplicate mx \"xn--bcher-kva.example\"", 1 },
    { "mx a.example *.a.example", 0, 0, NULL, 2 },
    { "mx a.example MTA-STS.a.example", 1, 14, "mx \"mta-sts.a.example\" "
      "looks like the host of the policy, must be that of the mail server",
      2 },
    { "mx mta-sts-a.example mx.mta-sts.example", 0, 0, NULL, 2 },
    { "mx a.example\ntlsrpt_rua mailto:a@b.example mailto:a@b.example", 2, 31,
      "duplicate tlsrpt_rua \"mailto:a@b.example\"", 2 },
    { "mx a.example\ntlsrpt_rua mailto:a@b.example mailto:A@b.example", 0, 0,
      NULL, 3 },
    { "mx a.example\ntlsrpt_rua mailto:a,@b.example mailto:a%2C@b.example", 2,
      32, "duplicate tlsrpt_rua \"mailto:a%2C@b.example\"", 2 },
    { "mx a.example\nmax_age 86399", 2, 9, "max_age \"86399\" is less than a "
      "day, some senders ignore such a policy", 1 },
    { "mx a.example\nmax_age 23h", 2, 9, "max_age \"23h\" is less than a day, "
      "some senders ignore such a policy", 1 },
    { "mx a.example\nmax_age 86400", 0, 0, NULL, 1 },
    { "max_age 1w\nmode none", 2, 1, "mode \"none\" without mx is rejected by "
      "some senders, keep the mx", 0 },
    { "mode none\nmx a.example", 0, 0, NULL, 1 }
};


static void
test_warned(void)
{
    size_t            i;
    mta_sts_settings_t  settings;

    for (i = 0; i < sizeof(warned) / sizeof(warned[0]); i++) {
        test_begin(0);

        ok(set_lines(&settings, warned[i].lines) == MTA_STS_OK
           && set_render(&settings),
           "warnings of %s", warned[i].lines);
        is_int((long long) (settings.mx.n + settings.tlsrpt_rua.n),
               (long long) warned[i].values, "what is kept");

        if (is_int((long long) test.n_warnings, warned[i].warning != NULL,
                   "their number")
            && warned[i].warning)
        {
            is_err(&test.warnings[0], warned[i].line, warned[i].column,
                   warned[i].warning);
        }
    }
}


static void
test_inherit(void)
{
    mta_sts_settings_t  parent, child;

    test_begin(0);

    (void) set_lines(&parent, "mode enforce\nmx p.example\nmax_age 2w\n"
                      "tlsrpt_rua mailto:p@p.example");
    (void) set_lines(&child, "");

    mta_sts_settings_inherit(&child, &parent);

    is_int(child.own, 0, "all is inherited, nothing is its own");
    is_int(child.set, 15, "but set");
    is_int(child.mode, MTA_STS_ENFORCE, "the mode");
    is_int(child.max_age, 1209600, "the max_age");
    ok(child.mx.n == 1 && child.tlsrpt_rua.n == 1, "mx and rua");
    is_int(child.places[MTA_STS_SET_TLSRPT_RUA].line, 4, "and the places");

    (void) set_lines(&child, "\n\n\n\n\n\n\nmode testing\nmx c.example");

    mta_sts_settings_inherit(&child, &parent);

    is_int(child.mode, MTA_STS_TESTING, "its own mode is kept");
    is_int((long long) child.mx.n, 1, "mx do not add up");
    is_str(child.mx.elts[0].text, mta_sts_str("c.example"), "its own stays");
    is_int(child.places[MTA_STS_SET_MX].line, 9, "with its place");
    is_int(child.max_age, 1209600, "max_age is inherited");
    is_int(child.own, 1 << MTA_STS_SET_MODE | 1 << MTA_STS_SET_MX,
           "two settings are its own");

    /* from the grandparent over a parent that says nothing */

    (void) set_lines(&child, "");
    memset(&parent, 0, sizeof(mta_sts_settings_t));

    mta_sts_settings_inherit(&child, &parent);

    is_int(child.set, 0, "nothing comes from nothing");
    is_int(child.places[MTA_STS_SET_MODE].line, 0, "also no place");

    (void) set_lines(&parent, "mx p.example");
    mta_sts_settings_inherit(&child, &parent);
    memset(&parent, 0, sizeof(mta_sts_settings_t));
    (void) set_lines(&parent, "mx g.example\nmax_age 2w");
    mta_sts_settings_inherit(&child, &parent);

    is_str(child.mx.elts[0].text, mta_sts_str("p.example"), "the nearest mx");
    is_int(child.max_age, 1209600, "the rest from farther up");
}


static void
test_exists(void)
{
    mta_sts_settings_t  settings, parent;

    test_begin(0);

    (void) set_lines(&settings, "");
    is_int(mta_sts_settings_are_policy(&settings), 0, "no settings, no policy");
    is_int(mta_sts_settings_place(&settings).line, 0, "has no place");

    (void) set_lines(&settings, "mode enforce\nmax_age 1w");
    is_int(mta_sts_settings_are_policy(&settings), 0, "no mx, no policy");

    (void) set_lines(&settings, "max_age 1w\nmx a.example\nmode none");
    is_int(mta_sts_settings_are_policy(&settings), 1, "an mx, a policy");
    is_int(mta_sts_settings_place(&settings).line, 2, "is where its mx is");

    (void) set_lines(&settings, "max_age 1w\nmode none");
    is_int(mta_sts_settings_are_policy(&settings), 1, "mode none, a policy");
    is_int(mta_sts_settings_place(&settings).line, 2,
           "is where its mode is");

    (void) set_lines(&parent, "\n\n\nmode none");
    (void) set_lines(&settings, "max_age 1w");
    mta_sts_settings_inherit(&settings, &parent);
    is_int(mta_sts_settings_are_policy(&settings), 1, "mode none, inherited");
    is_int(mta_sts_settings_place(&settings).line, 4,
           "is where its mode is");
}


int
main(void)
{
    test_refused();
    test_values();
    test_warned();
    test_inherit();
    test_exists();

    return done();
}
