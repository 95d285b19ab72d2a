#!/usr/bin/perl

# The domains file through nginx and the helper: what is served and printed,
# and each refusal with the same text and place in both.

use strict;
use warnings;

use lib 't/lib';
use File::Spec;
use MtaSts;
use Test::More;

my $nginx = MtaSts->new('');
my $dir = $nginx->dir;
my $yaml = "$dir/d.yaml";

sub conf_of {
    my ($more, $names) = @_;
    $names //= 'mta-sts.*';
    return "server { listen 127.0.0.1:%%PORT0%%; server_name $names;\n$more }";
}

$nginx->conf(conf_of('mta_sts_domains d.yaml;'));

my $policies = "policies:\n  hosted:\n    mode: enforce\n    mx: mx.example\n";


# What nginx says at a level, without times and process ids.

sub said {
    my ($level, $out) = @_;
    return join "\n", map { /\[$level\] (?:\d+#\d+: )?(.*)/ } split /\n/, $out;
}


# What is refused: the text of the file, the error, line, column.

my $alias = '"*" begins an alias in YAML, which is not supported; write a '
    . 'pattern in quotes: "*.example.com"';
my $use = 'must be the name of a policy or a map of settings';
my $map = 'must be a map of domains, such as "example.com: {}"';
my $texts = 'must be a text or a list of texts';

my @refused = (
    ['', 'the file is empty, must have "domains"', 1, 1],
    ["# nothing\n", 'the file is empty, must have "domains"', 2, 1],
    ["---\n", 'the file is empty, must have "domains"', 2, 1],
    ["- a\n", "\"$yaml\" must be a map with a key \"domains\"", 1, 1],
    ["domains: hosted\n", "\"domains\" $map", 1, 10],
    ["domains:\n", "\"domains\" $map", 1, 9],
    ["policies: [a]\n", '"policies" must be a map of policies', 1, 11],
    ["policies:\n  a: b\n", '"a" must be a map of settings', 2, 6],
    ["policies:\n  a b: {}\n",
     'invalid policy name "a b", must be a word without spaces', 2, 3],
    ["policies:\n  a: {}\n  a: {}\n", "duplicate policy \"a\", first at "
     . "$yaml:2", 3, 3],
    ["nmx: a.example\n", 'unknown key "nmx", did you mean "mx"?', 1, 1],
    ["mx: a.example\nmx: b.example\n", 'duplicate key "mx"', 2, 1],
    ["domains: {}\ndomains: {}\n", 'duplicate key "domains"', 2, 1],
    ["mode: no\n", 'invalid mode "no", must be "enforce", "testing" or "none"',
     1, 7],
    ["mode: [enforce, none]\n", 'mode takes one value', 1, 17],
    ["mode: {}\n", "\"mode\" $texts", 1, 7],
    ["mx: []\n", '"mx" must not be empty', 1, 6],
    ["mx:\n", 'invalid mx "", must not be empty', 1, 4],
    ["mx: [a.example, [b]]\n", "\"mx\" $texts", 1, 17],
    ["max_age: 0\n",
     'invalid max_age "0", must be between 1 and 31557600 seconds', 1, 10],
    ["max_age: 0x10\n",
     'invalid max_age "0x10", must be a time such as "1w" or "604800"', 1, 10],
    ["tlsrpt_rua: me\@example.com\n", 'invalid tlsrpt_rua "me@example.com", '
     . 'must be a URI: "mailto:me@example.com"', 1, 13],
    ["mx: *.example.net\n", $alias, 1, 5],
    ["mx: [a.example, *.example.net]\n", $alias, 1, 17],
    ["mx: *name\n", $alias, 1, 5],
    ["mx: &name a.example\n", 'anchor "&name" is not supported', 1, 5],
    ["mode: !!str none\n", 'tag "tag:yaml.org,2002:str" is not supported, '
     . 'every value is a text', 1, 7],
    ["domains: {}\n---\ndomains: {}\n", 'a second document is not supported',
     2, 1],
    ["domains:\n  {a: b}: c\n", 'a key must be a text', 2, 3],
    ["mode: \"no\\0ne\"\n", 'a text must not have a NUL', 1, 7],
    ["domains: {}\n# \xff\n", 'invalid YAML, invalid leading UTF-8 octet', 2, 3],
    ["domains: {}\nmode\n", 'invalid YAML, could not find expected \':\', while '
     . 'scanning a simple key', 3, 1],
    ["mx: [a.example\nmode: none\n", 'invalid YAML, did not find expected \',\' '
     . 'or \']\', while parsing a flow sequence', 2, 5],
    ["${policies}domains:\n  a.example: none\n", 'unknown policy "none"', 6, 14],
    ["${policies}domains:\n  a.example: { policy: x, mode: none }\n",
     'unknown policy "x"', 6, 24],
    ["${policies}domains:\n  a.example: { policy: [hosted] }\n",
     '"policy" must be the name of a policy', 6, 24],
    ["${policies}domains:\n  a.example: { policy: hosted, policy: hosted }\n",
     'duplicate key "policy"', 6, 32],
    ["${policies}domains:\n  a.example: { polcy: hosted }\n",
     'unknown key "polcy", did you mean "policy"?', 6, 16],
    ["${policies}domains:\n  a.example: [hosted]\n", "\"a.example\" $use", 6, 14],
    ["${policies}domains:\n  a.example:\n", "\"a.example\" $use", 6, 13],
    ["${policies}domains:\n  a_b.example: hosted\n",
     'invalid domain "a_b.example", "_" is not allowed in a host name', 6, 3],
    ["${policies}domains:\n  a.example: hosted\n  b.example: hosted\n"
     . "    # later\n  A.Example.: hosted\n",
     "duplicate domain \"a.example\", first at $yaml:6", 9, 3],
    ["domains: {b\xc3\xbc.example: hosted,\n xn--b-eha.example: hosted}\n$policies",
     "duplicate domain \"xn--b-eha.example\", first at $yaml:1", 2, 2],
    ["domains:\n  a.example: { mode: enforce }\n",
     'mode "enforce" needs at least one mx', 2, 16],
    ["mode: enforce\ndomains:\n  a.example: {}\n",
     'mode "enforce" needs at least one mx', 3, 3],
    ["mx: m.example\npolicies: { a.example: {} }\ndomains:\n"
     . "  a.example: a.example\n  A.example: a.example\n",
     "duplicate domain \"a.example\", first at $yaml:4", 5, 3],
    ["policies: { p: {} }\ndomains:\n  a.example: p\n",
     'mode "testing" needs at least one mx', 3, 3],
    ["default: gone\n", 'unknown policy "gone"', 1, 10],
    ["default: []\n", "\"default\" $use", 1, 10],
);

for my $case (@refused) {
    my ($text, $error, $line, $column) = @$case;
    my $name = $error;

    spew($yaml, $text);

    my ($status, $out) = $nginx->test;
    is($status, 1, "nginx -t refuses: $name");
    is(said('emerg', $out), "$error in $yaml:$line:$column",
       '... with its place');

    ($status, $out, my $err) = helper('list', '-d', $yaml);
    is("$status $out", '1 ', 'mta-sts refuses, too');
    is($err, "mta-sts: $yaml:$line:$column: $error\n", '... with its place');
}


# The directive itself.

for my $case (
    ['mta_sts_domains gone.yaml;', "open() \"$dir/gone.yaml\" failed (2: No such "
     . 'file or directory)', 3],
    ['mta_sts_domains logs;', "\"$dir/logs\" is a directory", 3],
    ['mta_sts_domains /dev/null;', '"/dev/null" is not a regular file', 3],
    ['mta_sts_domains gone/*.yaml;', "no file matches \"$dir/gone/*.yaml\"", 3],
    ["mta_sts_domains d.yaml;\nmta_sts_domains d.yaml;",
     '"mta_sts_domains" directive is duplicate', 4],
    ["mta_sts_domains d.yaml;\nmta_sts_mode none;", '"mta_sts_mode" is '
     . "incompatible with \"mta_sts_domains\" at $dir/nginx.conf:3", 4],
    ["mta_sts_domains d.yaml;\nmta_sts_mx a.example;", '"mta_sts_mx" is '
     . "incompatible with \"mta_sts_domains\" at $dir/nginx.conf:3", 4],
    ['mta_sts_domains;', 'invalid number of arguments in "mta_sts_domains" '
     . 'directive', 3],
    ['mta_sts_domains d.yaml e.yaml;', 'invalid number of arguments in '
     . '"mta_sts_domains" directive', 3],
    ['location / { mta_sts_domains d.yaml; }',
     '"mta_sts_domains" directive is not allowed here', 3],
    ['} mta_sts_domains d.yaml; server { listen 127.0.0.1:%%PORT1%%;',
     '"mta_sts_domains" directive is not allowed here', 3],
) {
    my ($lines, $error, $line) = @$case;

    spew($yaml, "${policies}domains:\n  a.example: hosted\n");
    $nginx->conf(conf_of($lines));

    my ($status, $out) = $nginx->test;
    is($status, 1, "nginx -t refuses: $lines");
    is(said('emerg', $out), "$error in $dir/nginx.conf:$line",
       '... with the place of the directive');

    ($status, $out, my $err) = helper('list', '-c', "$dir/nginx.conf");
    is($status, 1, 'mta-sts refuses, too');
    like($err, qr/^mta-sts: \Q$dir\/nginx.conf:$line:\E\d+: \Q$error\E$/m,
         '... with the place of the directive');
}

# unreadable for root, too

symlink 'loop.yaml', "$dir/loop.yaml";
$nginx->conf(conf_of('mta_sts_domains loop.yaml;'));
like(said('emerg', ($nginx->test)[1]), qr/^open\(\) "\Q$dir\E\/loop\.yaml" failed/,
     'an unreadable file');
like((helper('list', '-d', "$dir/loop.yaml"))[2],
     qr/^mta-sts: open\(\) "\Q$dir\E\/loop\.yaml" failed \(40: Too many levels/,
     '... for mta-sts, too');


# Too much: bounded in time and memory.

for my $case (
    ['[' x 10_000, "\"$yaml\" must be a map with a key \"domains\""],
    ['mx: ' . '[' x 10_000, "\"mx\" $texts"],
    ['{a: ' x 10_000, 'unknown key "a"'],
    ['domains: {a.example: ' . '{mx: ' x 10_000, 'nested more than 32 deep'],
    ['mode: none' . "\ndomains: {a.example: " . '{mx: ' x 10_000,
     "\"mx\" $texts"],
    ['mode: ' . 'a' x 100_000_000,
     'a text of more than 1048576 bytes, is a quote missing?'],
    ['mode: "' . "a\n" x 5_000_000 . '"',
     'a text of more than 1048576 bytes, is a quote missing?'],
    ['mx: [' . 'a.example, ' x 5000 . ']', 'a list of more than 4096 values'],
) {
    my ($text, $error) = @$case;

    spew($yaml, $text);
    $nginx->conf(conf_of('mta_sts_domains d.yaml;'));

    my ($status, $out) = $nginx->test;
    is($status, 1, "nginx -t refuses: $error");
    like(said('emerg', $out), qr/^\Q$error in $yaml:\E[12]:\d+$/,
         '... with its place');

    ($status, $out, my $err) = helper('list', '-d', $yaml);
    is($status, 1, 'mta-sts refuses, too');
    like($err, qr/^mta-sts: \Q$yaml:\E[12]:\d+: \Q$error\E$/m,
         '... with its place');
}


# What is served: the same from nginx and the helper, whatever the order of the
# keys, by a file, a glob and standard input.

my $main = <<'EOY';
max_age: 2w
tlsrpt_rua: mailto:tls-reports@hoster.example

policies:
  hosted:
    mode: enforce
    mx: [mx1.hoster.example, mx2.hoster.example]
  google:
    mode: testing
    mx: [aspmx.l.google.com, "*.aspmx.l.google.com"]

domains:
  example.com: hosted
  Example.ORG.: google
  example.net:
    policy: hosted
    mode: testing
  bücher.example: google
  same.example: { mode: enforce, mx: [mx1.hoster.example, mx2.hoster.example] }

default: google
EOY

my $sorted = <<'EOY';
default: google
domains:
  bücher.example: google
  example.com: hosted
  example.net:
    mode: testing
    policy: hosted
  example.org: google
  same.example: { mode: enforce, mx: [mx1.hoster.example, mx2.hoster.example] }
max_age: 2w
policies:
  google:
    mode: testing
    mx: [aspmx.l.google.com, "*.aspmx.l.google.com"]
  hosted:
    mode: enforce
    mx: [mx1.hoster.example, mx2.hoster.example]
tlsrpt_rua: mailto:tls-reports@hoster.example
EOY

my $json = '{"max_age": "2w", "tlsrpt_rua": "mailto:tls-reports@hoster.example",'
    . '"domains": {"example.com": "hosted", "example.org": "google", "bücher.'
    . 'example": "google", "same.example": {"policy": "hosted"}, "example.net": '
    . '{"policy": "hosted", "mode": "testing"}}, "default": "google", "policies":'
    . '{"hosted": {"mode": "enforce", "mx": ["mx1.hoster.example", "mx2.hoster.'
    . 'example"]}, "google": {"mode": "testing", "mx": ["aspmx.l.google.com", '
    . '"*.aspmx.l.google.com"]}}}';

sub body_of {
    my ($mode, @mx) = @_;
    return join '', map { "$_\r\n" } 'version: STSv1', "mode: $mode",
        (map { "mx: $_" } @mx), 'max_age: 1209600';
}

my @hosted = qw(mx1.hoster.example mx2.hoster.example);
my @google = qw(aspmx.l.google.com *.aspmx.l.google.com);

my %bodies = (
    'example.com' => body_of('enforce', @hosted),
    'same.example' => body_of('enforce', @hosted),
    'example.org' => body_of('testing', @google),
    'example.net' => body_of('testing', @hosted),
    'xn--bcher-kva.example' => body_of('testing', @google),
    'other.example' => body_of('testing', @google),
);

mkdir "$dir/split";
spew("$dir/split/00.yaml", $main =~ s/^domains:.*//msr);
spew("$dir/split/$_->[0].yaml", "max_age: 2w\n"
     . "tlsrpt_rua: mailto:tls-reports\@hoster.example\n$_->[1]\n")
    for ['a', "domains: { example.com: hosted, same.example: {\n  policy: "
              . "hosted, mode: enforce } }"],
        ['b', "domains: { example.net: { mode: testing, policy: hosted },\n"
              . "  bücher.example: google, example.org: google }"],
        ['c', 'default: google'];

$nginx->conf(conf_of("mta_sts_domains d.yaml;\n"
                     . 'add_header X-Id $mta_sts_id;'));
spew($yaml, $main);
$nginx->start;

my $records;

for my $form (['settings first', $main], ['sorted keys', $sorted],
              ['JSON', $json], ['a glob', undef])
{
    my ($name, $text) = @$form;
    my $file = defined $text ? 'd.yaml' : 'split/*.yaml';

    spew($yaml, $text) if defined $text;
    $nginx->conf(conf_of("mta_sts_domains $file;\n"
                         . 'add_header X-Id $mta_sts_id;'));
    ok($nginx->reload, "$name: reload");

    my @conf = ('-c', "$dir/nginx.conf");

    for my $domain (sort keys %bodies) {
        my $got = $nginx->get(0, "mta-sts.$domain");
        my (undef, $policy, $err) = helper('policy', @conf, $domain);

        is((split_response($got))[1], $bodies{$domain}, "$name: $domain");
        is($policy, $bodies{$domain}, '... and from mta-sts policy');
        is($err, '', '... without a warning');

        my (undef, $line) = helper('records', @conf, $domain);
        my $id = fields($got, 'X-Id');
        like($line, qr/^_mta-sts\.\Q$domain\E\. .*id=$id;"$/m,
             '... its record has the id of what is served');
    }

    my (undef, $out) = helper('records', @conf);
    my (undef, $again) = helper('records', '-d', "$dir/$file");
    my (undef, $dumped) = helper(\dump_of(), 'records', '-c', '-');

    $records //= $out;
    is($out, $records, "$name: the records are the same");
    is($again, $records, '... with -d');
    is($dumped, $records, '... from nginx -T');
    is(scalar(() = $records =~ /\n/g), 10, '... two a domain');
}

# nginx -T, which has the files

sub dump_of {
    my ($status, $out, $err) = $nginx->nginx('-T');
    is($status, 0, 'nginx -T') or diag($err);
    return $out;
}

my (undef, $from_stdin) = helper(\$main, 'records', '-d', '-');
is($from_stdin, $records, 'records -d - reads standard input');

like($nginx->get(0, 'mta-sts.x_y.example'), qr{^HTTP/1.1 404},
     'the default is for host names alone');

spew($yaml, $main =~ s/^default: google\n//mr);
$nginx->conf(conf_of('mta_sts_domains d.yaml;'));
ok($nginx->reload, 'without a default');
like($nginx->get(0, 'mta-sts.other.example'), qr{^HTTP/1.1 404},
     '... another host falls through');
like($nginx->get(0, 'mta-sts.example.com'), qr{^HTTP/1.1 200},
     '... and a domain of the file does not');
is((helper('policy', '-d', $yaml, 'other.example'))[2],
   "mta-sts: no policy for domain \"other.example\", the nearest is "
   . "\"same.example\"\n", '... nor in mta-sts');


# list: which policy, which file and line

spew($yaml, $main);
my (undef, $list) = helper('list', '-d', $yaml);
my @lines = map { [split] } split /\n/, $list;

is_deeply([map { [@$_[0, 1, 2, 4, 5]] } @lines],
    [['example.com', 'mta-sts.example.com', 'enforce', "$yaml:13", 'hosted'],
     ['example.net', 'mta-sts.example.net', 'testing', "$yaml:15", undef],
     ['example.org', 'mta-sts.example.org', 'testing', "$yaml:14", 'google'],
     ['same.example', 'mta-sts.same.example', 'enforce', "$yaml:19", undef],
     ['xn--bcher-kva.example', 'mta-sts.xn--bcher-kva.example', 'testing',
      "$yaml:18", 'google'],
     ['*', '*', 'testing', "$yaml:21", 'google']],
    'mta-sts list names policy, file and line');

is((helper('list', '--hosts', '-d', $yaml))[1],
   join('', map { "mta-sts.$_\n" } sort grep { $_ ne 'other.example' }
        keys %bodies), 'mta-sts list --hosts');
is((helper('list', '--hosts', '-d', $yaml, 'BÜCHER.example'))[1],
   "mta-sts.xn--bcher-kva.example\n", '... of one domain');


# Directives and files side by side; a file that two servers share; names.

spew($yaml, "${policies}domains:\n  a.example: hosted\n  b.example: hosted\n");
my $two = "mta_sts_domains d.yaml; }\nserver { listen 127.0.0.1:%%PORT1%%;\n"
    . 'server_name mta-sts.*; mta_sts_domains d.yaml;';

$nginx->conf(conf_of($two));
ok($nginx->reload, 'two servers share a file');
like($nginx->get($_, 'mta-sts.b.example'), qr/^mode: enforce\r$/m,
     "... server $_ has it") for 0, 1;

{
    my ($status, undef, $strace) = $nginx->nginx('-t', 'strace', '-f', '-e',
                                                 'trace=openat');
    is($status, 0, 'nginx -t under strace');
    is(scalar(() = $strace =~ /openat\([^\n]*\Q$yaml\E/g), 2,
       '... looks what the file is, and reads it once');
}

$nginx->conf(conf_of('mta_sts_domains d.yaml; } server { '
    . "listen 127.0.0.1:%%PORT0%%;\nserver_name mta-sts.c.example; mta_sts_mx "
    . 'c.example;'));
ok($nginx->reload, 'directives beside a file');
like($nginx->get(0, 'mta-sts.c.example'), qr/^mx: c\.example\r$/m,
     '... the server with directives');
like($nginx->get(0, 'mta-sts.a.example'), qr/^mx: mx\.example\r$/m,
     '... the server with a file');
is((helper('list', '--hosts', '-c', "$dir/nginx.conf"))[1],
   "mta-sts.a.example\nmta-sts.b.example\nmta-sts.c.example\n",
   '... and mta-sts knows both');

$nginx->conf(conf_of('mta_sts_domains d.yaml; } server { '
    . "listen 127.0.0.1:%%PORT0%%;\nserver_name mta-sts.b.example; mta_sts_mx "
    . 'c.example;'));
my ($status, $out) = $nginx->test;
is($status, 0, 'a domain with two policies: nginx accepts it');
like(said('warn', $out), qr/^for domain "b\.example" the server at/,
     '... with a warning');
($status, undef, my $err) = helper('records', '-c', "$dir/nginx.conf");
is($status, 1, '... mta-sts does not');
like($err, qr/^mta-sts: \Q$dir\E\/nginx\.conf:\d+:\d+: for domain "b\.example"/,
     '... and says why');

$nginx->conf(conf_of('mta_sts_domains d.yaml;',
                     'mta-sts.a.example mta-sts.z.example'));
($status, $out) = $nginx->test;
is(said('warn', $out), 'server name "mta-sts.z.example" has no policy in the '
   . "domains file in $dir/nginx.conf:2",
   'a name that is not in the file is a warning');
is($status, 0, '... and no more');

$nginx->conf(conf_of('mta_sts_domains d.yaml;', 'www.example.com'));
like(said('warn', ($nginx->test)[1]), qr/^no server name begins with "mta-sts\."/,
     'no name for policies is a warning');

$nginx->conf("mta_sts_mode none;\n" . conf_of('mta_sts_domains d.yaml;'));
is(($nginx->test)[0], 0, "http's settings do not stand in the way");
like((helper('policy', '-c', "$dir/nginx.conf", 'a.example'))[1],
     qr/^mode: enforce\r$/m, '... nor do they change a file');

$nginx->conf(conf_of("mta_sts_domains gone.yaml;\nmta_sts off;"));
is(($nginx->test)[0], 0, 'mta_sts off: the file is not read');


# A file by its full name, by a glob and by itself: in nginx -T once.

spew("$dir/overlap-a.yaml", "domains: { a.example: { mx: a.example } }\n");
spew("$dir/overlap-b.yaml", "domains: { b.example: { mx: b.example } }\n");
$nginx->conf(conf_of('mta_sts_domains overlap-*.yaml; } server { listen '
    . '127.0.0.1:%%PORT1%%; server_name mta-sts.*; mta_sts_domains '
    . 'overlap-a.yaml; } server { listen 127.0.0.1:%%PORT2%%; server_name '
    . 'mta-sts.*; mta_sts_domains %%DIR%%/overlap-a.yaml;'));
is(scalar(() = dump_of() =~ /^# configuration file .*overlap-a/mg), 1,
   'nginx -T prints a file once');
is((helper(\dump_of(), 'list', '--hosts', '-c', '-'))[1],
   "mta-sts.a.example\nmta-sts.b.example\n", '... and mta-sts reads it');

# names are relative to nginx.conf, wherever that is seen from

$nginx->conf(conf_of('mta_sts_domains overlap-*.yaml;'));
is((helper('list', '--hosts', '-c', File::Spec->abs2rel("$dir/nginx.conf")))[1],
   "mta-sts.a.example\nmta-sts.b.example\n", 'nginx.conf by a relative name');

# equal policies of two names, beside a larger file

spew("$dir/small.yaml", "policies: { p1: { mx: m.example }, p2: { mx: m.example "
     . "} }\ndomains: { s1.example: p1, s2.example: p2, s3.example: { mx: "
     . "m.example } }\n");
spew($yaml, "${policies}domains:\n" . join '', map { "  l$_.example: hosted\n" }
     1 .. 9);
$nginx->conf(conf_of('mta_sts_domains d.yaml; } server { listen 127.0.0.1:'
    . '%%PORT1%%; server_name mta-sts.*; mta_sts_domains small.yaml;'));
is(join(',', map { (split)[5] // '-' } split /\n/,
        (helper('list', '-c', "$dir/nginx.conf", map { "s$_.example" } 1 .. 3))[1]),
   'p1,p2,-', 'each domain has the name of its own policy');

# many domains with two policies are not as many warnings

spew("$dir/small.yaml", "mx: other.example\ndomains:\n"
     . join '', map { "  x$_.example: {}\n" } 1 .. 50);
spew($yaml, "mx: m.example\ndomains:\n"
     . join '', map { "  x$_.example: {}\n" } 1 .. 51);
my @warned = split /\n/, said('warn', ($nginx->test)[1]);
is(scalar @warned, 1, 'fifty conflicts of two servers: one warning');
like($warned[0], qr/^for domains "x1\.example", "x2\.example", "x3\.example" and 47 more /,
     '... with the first ones and how many more');

# a line of -d - that looks like one of nginx -T

is((helper(\("# configuration file for customers:\ndomains: { a.example: { mx: "
             . "a.example } }\n"), 'list', '--hosts', '-d', '-'))[1],
   "mta-sts.a.example\n", '-d - is not taken apart');


# Warnings.

$nginx->conf(conf_of('mta_sts_domains d.yaml;'));
spew($yaml, "max_age: 3600\nmx: '*.a.example'\ndomains:\n"
     . join '', map { "  $_.example: {}\n" } 'a' .. 'c');
$nginx->conf(conf_of('mta_sts_domains d.yaml;'));
is(said('warn', ($nginx->test)[1]), "max_age \"3600\" is less than a day, some senders "
   . "ignore such a policy in $yaml:1:10\nmx \"*.a.example\" "
   . "accepts every host of the policy domain, see RFC 8461, 10.4 in "
   . "$yaml:2:5", 'warnings have their places');

# settings after the domains: one warning each, and nothing is lost

spew($yaml, "mode: testing\npolicies: { off: { mode: none } }\ndomains: { "
     . "a.example: off, b.example: { mx: [m.example, m.example] } }\n"
     . "default: { mx: [d.example, d.example] }\nmax_age: 3600\n");
is(said('warn', ($nginx->test)[1]), join("\n",
   "duplicate mx \"d.example\" in $yaml:4:28",
   "max_age \"3600\" is less than a day, some senders ignore such a policy in "
   . "$yaml:5:10",
   "mode \"none\" without mx is rejected by some senders, keep the mx in "
   . "$yaml:2:20",
   "duplicate mx \"m.example\" in $yaml:3:57"),
   'settings after the domains: each warning once');

spew($yaml, "domains: {}\n");
like(said('warn', ($nginx->test)[1]), qr/^no domains are configured in \Q$yaml\E$/m,
     'a file without domains');

$nginx->stop;

done_testing();
