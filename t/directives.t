#!/usr/bin/perl

# What nginx -t refuses and warns about, in the words and at the place that
# the administrator sees: the same text from nginx, from the helper and, where
# an option can say it, from mta-sts generate.

use strict;
use warnings;
no warnings 'qw';

use lib 't/lib';
use MtaSts;
use Test::More;


# A server with the lines, the first of them on line 3 of nginx.conf.

sub conf_of {
    my ($lines) = @_;
    return "server { listen 127.0.0.1:%%PORT0%%; server_name "
        . "mta-sts.example.com;\n$lines\n}";
}

my $long = 'a' x 64;
my $name = join '.', ('a' x 63) x 4;
my $size = join ' ', map { sprintf '%s%05d.example.com', 'm' x 50, $_ } 1 .. 500;
my $warn = join ' ', map { sprintf '%s%05d.example.com', 'm' x 50, $_ } 1 .. 200;
my $mx = 'mta_sts_mx a.example;';

# lines, text, line, column of the helper, options of generate if they can say
# the same

my @refused = (
    ["$mx mta_sts_mode enforced;",
     'invalid mode "enforced", must be "enforce", "testing" or "none"', 3, 36,
     [qw(--mx a.example --mode enforced)]],
    ["$mx mta_sts_mode Enforce;",
     'invalid mode "Enforce", must be "enforce", "testing" or "none"', 3, 36,
     [qw(--mx a.example --mode Enforce)]],
    ["mta_sts_mx a.example b\@example.com;",
     'invalid mx "b@example.com", must be a host name, not an e-mail address',
     3, 22, [qw(--mx a.example --mx b@example.com)]],
    ['mta_sts_mx 192.0.2.1;',
     'invalid mx "192.0.2.1", must be a host name, not an IP address', 3, 12,
     [qw(--mx 192.0.2.1)]],
    ['mta_sts_mx 2001:db8::1;',
     'invalid mx "2001:db8::1", must be a host name, not an IP address', 3, 12,
     [qw(--mx 2001:db8::1)]],
    ['mta_sts_mx [2001:db8::1];',
     'invalid mx "[2001:db8::1]", must be a host name, not an IP address', 3,
     12, [qw(--mx [2001:db8::1])]],
    ['mta_sts_mx mx.example.42;',
     'invalid mx "mx.example.42", must be a host name, not an IP address', 3,
     12, [qw(--mx mx.example.42)]],
    ['mta_sts_mx a.example,b.example;',
     'invalid mx "a.example,b.example", must be one host name, not a list', 3,
     12, [qw(--mx a.example,b.example)]],
    ['mta_sts_mx "a.example b.example";',
     'invalid mx "a.example b.example", must be one host name, not a list', 3,
     12, ['--mx', 'a.example b.example']],
    ['mta_sts_mx mx_1.example;',
     'invalid mx "mx_1.example", "_" is not allowed in a host name', 3, 12,
     [qw(--mx mx_1.example)]],
    ['mta_sts_mx mx..example;',
     'invalid mx "mx..example", has an empty label', 3, 12,
     [qw(--mx mx..example)]],
    ['mta_sts_mx .example;',
     'invalid mx ".example", the hosts below a domain are "*.example"', 3,
     12, [qw(--mx .example)]],
    ['mta_sts_mx "";', 'invalid mx "", must not be empty', 3, 12,
     ['--mx', '']],
    ["mta_sts_mx $long.example;",
     "invalid mx \"$long.example\", has a label of more than 63 characters", 3,
     12, ['--mx', "$long.example"]],
    ["mta_sts_mx $name;",
     'invalid mx "' . substr($name, 0, 100)
     . '", must not be longer than 253 characters', 3, 12, ['--mx', $name]],
    ['mta_sts_mx -a.example;',
     'invalid mx "-a.example", a label must not begin or end with "-"', 3, 12,
     ['--mx=-a.example']],
    ['mta_sts_mx mx.*.example;',
     'invalid mx "mx.*.example", "*" must be the whole leftmost label', 3, 12,
     [qw(--mx mx.*.example)]],
    ['mta_sts_mx m*.example;',
     'invalid mx "m*.example", "*" must be the whole leftmost label', 3, 12,
     [qw(--mx m*.example)]],
    ['mta_sts_mx *;', 'invalid mx "*", "*" must be followed by "." and a host name',
     3, 12, [qw(--mx *)]],
    ['mta_sts_mx *.;',
     'invalid mx "*.", "*." must be followed by a host name', 3, 12,
     [qw(--mx *.)]],
    ['mta_sts_mx a/b.example;',
     'invalid mx "a/b.example", a host name has only letters, digits, "-" and '
     . '"."', 3, 12, [qw(--mx a/b.example)]],
    ["mta_sts_mx a\xe2\x98\x83\xff.example;",
     "invalid mx \"a\xe2\x98\x83?.example\", string encoding error", 3, 12,
     ['--mx', "a\xe2\x98\x83\xff.example"]],
    ["$mx mta_sts_max_age 0;",
     'invalid max_age "0", must be between 1 and 31557600 seconds', 3, 39,
     [qw(--mx a.example --max-age 0)]],
    ["$mx mta_sts_max_age 31557601;",
     'invalid max_age "31557601", must be between 1 and 31557600 seconds', 3,
     39, [qw(--mx a.example --max-age 31557601)]],
    ["$mx mta_sts_max_age 2y;",
     'invalid max_age "2y", must be between 1 and 31557600 seconds', 3, 39,
     [qw(--mx a.example --max-age 2y)]],
    ["$mx mta_sts_max_age soon;",
     'invalid max_age "soon", must be a time such as "1w" or "604800"', 3, 39,
     [qw(--mx a.example --max-age soon)]],
    ["$mx mta_sts_max_age 5ms;",
     'invalid max_age "5ms", must be a time such as "1w" or "604800"', 3, 39,
     [qw(--mx a.example --max-age 5ms)]],
    ["$mx mta_sts_max_age -1;",
     'invalid max_age "-1", must be a time such as "1w" or "604800"', 3, 39,
     [qw(--mx a.example --max-age=-1)]],
    ['mta_sts_mode enforce;', 'mode "enforce" needs at least one mx', 3, 1,
     [qw(--mode enforce)]],
    ['mta_sts_mode testing;', 'mode "testing" needs at least one mx', 3, 1,
     [qw(--mode testing)]],
    ["\nmta_sts_max_age 1w;", 'mode "testing" needs at least one mx', 4, 1,
     [qw(--max-age 1w)]],
    ["mta_sts_mx $size;",
     'the policy is too large, must be less than 32768 bytes', 3, 30476],
    ["$mx mta_sts_tlsrpt_rua tls\@example.com;",
     'invalid tlsrpt_rua "tls@example.com", must be a URI: '
     . '"mailto:tls@example.com"', 3, 42, [qw(--mx a.example --tlsrpt-rua tls@example.com)]],
    ["$mx mta_sts_tlsrpt_rua http://example.com/;",
     'invalid tlsrpt_rua "http://example.com/", must begin with "mailto:" or '
     . '"https:"', 3, 42,
     [qw(--mx a.example --tlsrpt-rua http://example.com/)]],
    ["$mx mta_sts_tlsrpt_rua mailto:tls;",
     'invalid tlsrpt_rua "mailto:tls", "mailto:" must be followed by an e-mail '
     . 'address', 3, 42, [qw(--mx a.example --tlsrpt-rua mailto:tls)]],
    ["$mx mta_sts_tlsrpt_rua mailto:a\@b_c.example;",
     'invalid tlsrpt_rua "mailto:a@b_c.example", must have a host name after '
     . '"@"', 3, 42,
     [qw(--mx a.example --tlsrpt-rua mailto:a@b_c.example)]],
    ["$mx mta_sts_tlsrpt_rua https:/a;",
     'invalid tlsrpt_rua "https:/a", "https:" must be followed by "//" and a '
     . 'host name', 3, 42, [qw(--mx a.example --tlsrpt-rua https:/a)]],
    ["$mx mta_sts_tlsrpt_rua https://a.example:x/;",
     'invalid tlsrpt_rua "https://a.example:x/", must have a port number after '
     . '":"', 3, 42, [qw(--mx a.example --tlsrpt-rua https://a.example:x/)]],
    ["$mx mta_sts_tlsrpt_rua mailto:a\@b.example,mailto:c\@b.example;",
     'invalid tlsrpt_rua "mailto:a@b.example,mailto:c@b.example", must be one '
     . 'URI, not a list', 3, 42,
     [qw(--mx a.example --tlsrpt-rua mailto:a@b.example,mailto:c@b.example)]],
    ["$mx mta_sts_tlsrpt_rua \"mailto:a b\@b.example\";",
     'invalid tlsrpt_rua "mailto:a b@b.example", must be a URI, other '
     . 'characters percent-encoded', 3, 42,
     ['--mx', 'a.example', '--tlsrpt-rua', 'mailto:a b@b.example']],
    ["$mx mta_sts_tlsrpt_rua mailto:a%2\@b.example;",
     'invalid tlsrpt_rua "mailto:a%2@b.example", "%" must be followed by two '
     . 'hex digits', 3, 42,
     [qw(--mx a.example --tlsrpt-rua mailto:a%2@b.example)]],
    ["$mx mta_sts_mode none; mta_sts_mode none;", 'duplicate "mode"', 3, 42,
     [qw(--mx a.example --mode none --mode none)]],
    ["$mx mta_sts_max_age 1w; mta_sts_max_age 1w;", 'duplicate "max_age"', 3,
     43, [qw(--mx a.example --max-age 1w --max-age 1w)]],

    # what only a configuration can get wrong

    ['mta_sts_mode;', 'invalid number of arguments in "mta_sts_mode" '
     . 'directive', 3, 1],
    ['mta_sts_mode a b;', 'invalid number of arguments in "mta_sts_mode" '
     . 'directive', 3, 1],
    ['mta_sts_mx;', 'invalid number of arguments in "mta_sts_mx" directive',
     3, 1],
    ['mta_sts maybe;', 'invalid value "maybe" in "mta_sts" directive, it must '
     . 'be "on" or "off"', 3, 9],
    ['mta_sts on; mta_sts on;', '"mta_sts" directive is duplicate', 3, 13],
    ['mta_sts_mxx a.example;', 'unknown directive "mta_sts_mxx"', 3, 1],
    ['mta_sts_mode enforce { }', 'directive "mta_sts_mode" is not terminated '
     . 'by ";"', 3, 1],
    ['location / { mta_sts_mode none; }', '"mta_sts_mode" directive is not '
     . 'allowed here', 3, 14],
    ['if ($arg_a) { mta_sts_mode none; }', '"mta_sts_mode" directive is not '
     . 'allowed here', 3, 15],
    ["$mx } server { server_name mta-sts.b\xc3\xbccher.example;\n$mx",
     "server name \"mta-sts.b\xc3\xbccher.example\" is never matched, must be "
     . '"mta-sts.xn--bcher-kva.example"', undef, undef],
    ["$mx } server { server_name mta-sts.a.example.;\n$mx",
     'server name "mta-sts.a.example." is never matched, must be '
     . '"mta-sts.a.example"', undef, undef],
    ["$mx } server { server_name mta-sts.\xc2\xad;\n$mx",
     "invalid server name \"mta-sts.\xc2\xad\", \"mta-sts.\" must be followed "
     . 'by a domain', undef, undef],
    ["$mx }\nserver { server_name mta-sts.a_b.example;\n$mx", 'invalid server '
     . 'name "mta-sts.a_b.example", "_" is not allowed in a host name', undef,
     undef],
    ["$mx }\nserver { server_name mta-sts.$name.example;\n$mx", 'invalid '
     . 'server name "' . substr("mta-sts.$name", 0, 100) . '", must not be '
     . 'longer than 253 characters', undef, undef],
);

# for generate, the mx of all this is what --mx said

for my $case (@refused) {
    my ($lines, $text, $line, $column, $options) = @$case;
    my $nginx = MtaSts->new(conf_of($lines));
    my $conf = $nginx->dir . '/nginx.conf';

    # names that do not fit into a bucket of nginx's are not the point here

    my ($status, $said) = $nginx->test;

    isnt($status, 0, "nginx refuses: $text");
    my $at = defined $line ? "$conf:$line" : "$conf:\\d+";
    like($said, qr/\[emerg\] (?:\d+#\d+: )?\Q$text\E in $at$/m, '... and says so')
        or diag($said);

    my ($rc, $out, $err) = helper('records', '-c', $conf);
    is($rc, 1, '... the helper too');
    is($out, '', '... with nothing on stdout');
    $at = "$conf:\\d+:" . ($column // '\d+') if !defined $line;
    $at = "$conf:$line:" . ($column // '\d+') if defined $line;
    like($err, qr/^mta-sts: $at: \Q$text\E$/m, '... with line and column');

    next unless $options;

    ($rc, $out, $err) = helper('generate', 'example.com', @$options);
    is($rc, 1, '... generate too');
    is($out, '', '... with nothing on stdout');
    like($err, qr/^mta-sts:\ \Q$text\E$/m, '... in the same words');
}


my @warned = (
    ["$mx mta_sts_max_age 86399;", 'max_age "86399" is less than a day, some '
     . 'senders ignore such a policy', 3, 39,
     [qw(--mx a.example --max-age 86399)]],
    ["\nmta_sts_mode none;", 'mode "none" without mx is rejected by some '
     . 'senders, keep the mx', 4, 1, [qw(--mode none)]],
    ['mta_sts_mx MTA-STS.example.com;', 'mx "mta-sts.example.com" looks like '
     . 'the host of the policy, must be that of the mail server', 3, 12,
     [qw(--mx MTA-STS.example.com)]],
    ['mta_sts_mx *.Example.com.;', 'mx "*.example.com" accepts every host of '
     . 'the policy domain, see RFC 8461, 10.4', 3, 12,
     [qw(--mx *.Example.com.)]],
    ["$mx\nmta_sts_mx b.example A.example.;", 'duplicate mx "a.example"', 4,
     22, [qw(--mx a.example --mx b.example --mx A.example.)]],
    ["mta_sts_mx $warn;", 'a policy of 14648 bytes, some senders read no more '
     . 'than 10240', 3, 1, undef],
    ["$mx } server { listen 127.0.0.1:%%PORT0%%; server_name a.example;\n$mx",
     'no server name begins with "mta-sts.", the policy is not served', 4, 1],
    ["$mx } server { listen 127.0.0.1:%%PORT0%%;\n$mx",
     'no server name begins with "mta-sts.", the policy is not served', 4, 1],
    ["$mx mta_sts_tlsrpt_rua mailto:a\@b.c mailto:a\@b.c;",
     'duplicate tlsrpt_rua "mailto:a@b.c"', 3, 55,
     [qw(--mx a.example --tlsrpt-rua mailto:a@b.c --tlsrpt-rua mailto:a@b.c)]],
);

for my $case (@warned) {
    my ($lines, $text, $line, $column, $options) = @$case;
    my $nginx = MtaSts->new(conf_of($lines));
    my $conf = $nginx->dir . '/nginx.conf';
    my ($status, $said) = $nginx->test;

    is($status, 0, "nginx warns: $text") or diag($said);
    my $at = defined $line ? "$conf:$line" : "$conf:\\d+";
    like($said, qr/\[warn\] (?:\d+#\d+: )?\Q$text\E in $at$/m, '... and says so')
        or diag($said);

    my ($rc, $out, $err) = helper('records', '-c', $conf);
    is($rc, 0, '... the helper too');
    $at = "$conf:" . ($line // '\d+') . ':' . ($column // '\d+');
    like($err, qr/^mta-sts: $at: warning: \Q$text\E$/m,
         '... with line and column');

    next unless $options;

    ($rc, $out, $err) = helper('generate', 'example.com', @$options);
    is($rc, 0, '... generate too');
    like($err, qr/^mta-sts: warning: \Q$text\E$/m, '... in the same words');
}


# two servers that disagree: nginx starts, the helper has no one answer

my $nginx = MtaSts->new(
    "server { listen 127.0.0.1:%%PORT0%%; server_name mta-sts.example.com;\n"
    . "mta_sts_mx a.example; }\n"
    . "server { listen 127.0.0.1:%%PORT1%%;\nserver_name mta-sts.example.com;\n"
    . "mta_sts_mx b.example; }");
my $conf = $nginx->dir . '/nginx.conf';
my ($status, $said) = $nginx->test;

is($status, 0, 'nginx starts with a domain of two policies');
like($said, qr/\[warn\]\ .*for\ domain\ "example.com"\ the\ server\ at
     \ \Q$conf\E:4\ has\ another\ policy\ in\ \Q$conf\E:2$/mx,
     '... and warns of both places');

my ($rc, $out, $err) = helper('records', '-c', $conf);
is($rc, 1, 'the helper refuses it');
is($out, '', '... with nothing on stdout');
like($err, qr/^mta-sts:\ \Q$conf\E:2:\d+:\ for\ domain\ "example\.com"\ the\ server
    \ at\ \Q$conf\E:4\ has\ another\ policy$/mx, '... naming both places');


# what is inherited is warned of once; each of several conflicts is named

$nginx = MtaSts->new("mta_sts_mode none;\n" . join "\n", map {
    'server { listen 127.0.0.1:%%PORT0%%; ' . "server_name mta-sts.d$_.example; }"
} 1 .. 3);
(undef, $said) = $nginx->test;
is(() = $said =~ /mode "none" without mx/g, 1, 'nginx warns of http once');
(undef, undef, $err) = helper('list', '-c', $nginx->dir . '/nginx.conf');
is(() = $err =~ /mode "none" without mx/g, 1, 'the helper, too');

$nginx = MtaSts->new(join "\n", map {
    'server { ' . "listen 127.0.0.1:%%PORT$_%%; mta_sts_mx mx$_.example; "
    . 'server_name mta-sts.a.example mta-sts.b.example; }' } 0 .. 1);
(undef, $said) = $nginx->test;
is(() = $said =~ /\[warn\]/g, 1, 'nginx warns of a pair of servers once');
like($said, qr/for domains "a\.example" and "b\.example" the server at/,
     '... with both domains');


# no warning where nothing is to be warned of

$nginx = MtaSts->new("mta_sts_mx a.example;\nmta_sts_mode none;\n"
    . "server { listen 127.0.0.1:%%PORT0%%; server_name www.example.com; }\n"
    . "server { listen 127.0.0.1:%%PORT0%%; server_name mta-sts.example.com; }\n"
    . "server { listen 127.0.0.1:%%PORT0%%; server_name mta-sts.example.org;\n"
    . "mta_sts off; }\n");
($status, $said) = $nginx->test;

is($status, 0, 'settings of http are inherited');
unlike($said, qr/warn/, '... without a warning');

($rc, $out, $err) = helper('list', '-c', $nginx->dir . '/nginx.conf');
is($rc, 0, 'the helper agrees');
is($err, '', '... without a warning');
is(() = $out =~ /\n/g, 1, '... on the one domain');
like($out, qr/^example\.com  mta-sts\.example\.com  none  /, '... and its mode');


# the directory of the state: nginx verifies it, the helper only names it

for my $case (['%%DIR%%', 0, ''],
              ['%%DIR%%/gone', 1, qr/"\S+gone" failed \(2: No such file/],
              ['nginx.conf', 1, qr/"\S+nginx\.conf" is not a directory/],
              ['%%DIR%%; mta_sts_state %%DIR%%', 1,
               qr/"mta_sts_state" directive is duplicate/]) {
    my ($dir, $want, $why) = @$case;
    $nginx = MtaSts->new("mta_sts_state $dir;\n"
        . "server { listen 127.0.0.1:%%PORT0%%; "
        . "server_name mta-sts.example.com; mta_sts_mx a.example; }");
    ($status, $said) = $nginx->test;
    is($status, $want, "mta_sts_state $dir");
    like($said, qr/\[emerg\] .*$why/, '... and why not') if $want;
    is((helper('list', '-c', $nginx->dir . '/nginx.conf'))[0],
       $dir =~ /;/ ? 1 : 0, '... and the helper');
}

done_testing();
