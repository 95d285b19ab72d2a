#!/usr/bin/perl

# The helper from its command line: what each command prints, where it looks
# for nginx.conf, what it says about misuse, and that output is whole or the
# exit status says so.

use strict;
use warnings;

use lib 't/lib';
use Cwd qw(getcwd);
use File::Temp qw(tempdir);
use MtaSts;
use Test::More;

my $dir = tempdir(CLEANUP => 1);
mkdir "$dir/sites";

spew("$dir/nginx.conf", <<'EOC');
events {}
http {
    mta_sts_max_age 2w;
    include sites/*.conf;
}
EOC

spew("$dir/sites/b.conf", <<'EOC');
server { listen 443 ssl;
    server_name mta-sts.b.example MTA-STS.A.Example www.b.example;
    mta_sts_mode enforce;
    mta_sts_mx mail.b.example;
    mta_sts_tlsrpt_rua mailto:tls@b.example "https://b.example/a,b;c!d";
}
EOC

spew("$dir/sites/a.conf", <<'EOC');
server { listen 443 ssl;
    server_name mta-sts.c.example
                mta-sts.b-c.example;
    mta_sts_mx  *.mx.c.example;
}
EOC

my $conf = "$dir/nginx.conf";
my $long = join '', map { "x$_" } 100 .. 175;


# records

my ($rc, $out, $err) = helper('records', '-c', $conf);
is($rc, 0, 'records: status');
is($out, <<'EOO', 'records: sorted by domain, reports where there is a rua');
_mta-sts.a.example. 3600 IN TXT "v=STSv1; id=54641748000b04075191;"
_smtp._tls.a.example. 3600 IN TXT "v=TLSRPTv1; rua=mailto:tls@b.example,https://b.example/a%2Cb%3Bc%21d"
_mta-sts.b-c.example. 3600 IN TXT "v=STSv1; id=0bc2ac1523d6d7d3d45a;"
_mta-sts.b.example. 3600 IN TXT "v=STSv1; id=54641748000b04075191;"
_smtp._tls.b.example. 3600 IN TXT "v=TLSRPTv1; rua=mailto:tls@b.example,https://b.example/a%2Cb%3Bc%21d"
_mta-sts.c.example. 3600 IN TXT "v=STSv1; id=0bc2ac1523d6d7d3d45a;"
EOO

my $all = $out;

for my $domain (qw(a.example b-c.example)) {
    spew("$dir/$domain.zone", "\$ORIGIN $domain.\n\@ 3600 IN SOA ns root 1 2 3 "
        . "4 5\n\@ 3600 IN NS ns.example.\n"
        . join '', grep { /\.\Q$domain\E\. / } map { "$_\n" } split /\n/, $all);
    my ($status, $said) = run('', 'named-checkzone', '-D', $domain,
                              "$dir/$domain.zone");
    is($status, 0, "named-checkzone loads the records of $domain")
        or diag($said);
}

($rc, $out) = helper('records', '-c', $conf, 'C.example.', 'a.example',
                     'c.example');
is(join(' ', $out =~ /^(\S+)/mg),
   '_mta-sts.a.example. _smtp._tls.a.example. _mta-sts.c.example.',
   'records of domains: each once, sorted');

($rc, $out) = helper('records', '-c', $conf, '-f', 'text', 'b.example');
is($out, <<'EOO', 'records -f text');
b.example
    Type   TXT
    Host   _mta-sts
    Value  v=STSv1; id=54641748000b04075191;
    TTL    3600

    Type   TXT
    Host   _smtp._tls
    Value  v=TLSRPTv1; rua=mailto:tls@b.example,https://b.example/a%2Cb%3Bc%21d
    TTL    3600

EOO

($rc, $out, $err) = helper('records', '-c', $conf, 'a.example', 'x.example');
is($rc, 1, 'records of an unknown domain: status');
is($out, '', '... prints nothing, not even the known one');
is($err, "mta-sts: no policy for domain \"x.example\", the nearest is "
   . "\"a.example\"\n", '... and says so');

for my $command ('records', 'check') {
    ($rc, $out, $err) = helper($command, '-c', $conf, 'mta-sts.a.example');
    is($err, 'mta-sts: no policy for domain "mta-sts.a.example", which is the policy host of '
       . "\"a.example\": give the mail domain\n", "$command of a policy host");
}

($rc, $out, $err) = helper('check', '-c', $conf, 'x.example');
is($err, "mta-sts: no policy for domain \"x.example\", the nearest is \"a.example\"\n"
   . "mta-sts: \"--no-config\" checks domains that are not configured here\n",
   'check of an unknown domain');

spew("$dir/cache.conf", "http {\nmta_sts_certificate_cache on;\n}\n");
($rc, $out, $err) = helper('list', '-c', "$dir/cache.conf");
is($err, "mta-sts: $dir/cache.conf:2:27: invalid parameter \"on\", must be \"off\", "
   . "\"max=N\", \"inactive=TIME\" or \"valid=TIME\"\n", 'a cache that is only on');

spew("$dir/site.conf", "server { server_name mta-sts.a.example; }\n");
($rc, $out, $err) = helper('list', '-c', "$dir/site.conf");
is($err, "mta-sts: $dir/site.conf:1:1: \"server\" directive is not allowed here\n"
   . "mta-sts: is it a part of nginx.conf?  Give nginx.conf, which includes it\n",
   'a part of nginx.conf');
spew("$dir/whole.conf", "include site.conf;\n");
($rc, $out, $err) = helper('list', '-c', "$dir/whole.conf");
is($err, "mta-sts: $dir/site.conf:1:1: \"server\" directive is not allowed here\n",
   '... which nginx.conf includes at the wrong place');

($rc, $out, $err) = helper('records', '-c', $conf, 'x_y');
is($err, 'mta-sts: invalid domain "x_y", "_" is not allowed in a host name'
   . "\n", 'records of what is no domain');

spew("$dir/long.conf", "http { server { server_name mta-sts.a.example; "
    . "mta_sts_mx a.b; mta_sts_tlsrpt_rua mailto:$long\@a.example "
    . "mailto:y$long\@a.example; } }");
($rc, $out) = helper('records', '-c', "$dir/long.conf");
my ($strings) = $out =~ /^_smtp.* TXT (.*)$/m;
my @strings = $strings =~ /"([^"]*)"/g;
cmp_ok(scalar @strings, '>', 1, 'a long text is several strings');
is((grep { length > 255 } @strings), 0, '... of at most 255 bytes');
is(join('', @strings), "v=TLSRPTv1; rua=mailto:$long\@a.example,"
   . "mailto:y$long\@a.example", '... that join to the whole');


# policy, list

($rc, $out) = helper('policy', '-c', $conf, 'A.example');
is($out, "version: STSv1\r\nmode: enforce\r\nmx: mail.b.example\r\n"
   . "max_age: 1209600\r\n", 'policy: the exact bytes');

($rc, $out) = helper('list', '-c', $conf);
is($out, <<"EOO", 'list');
a.example    mta-sts.a.example    enforce  54641748000b04075191  $dir/sites/b.conf:2
b-c.example  mta-sts.b-c.example  testing  0bc2ac1523d6d7d3d45a  $dir/sites/a.conf:3
b.example    mta-sts.b.example    enforce  54641748000b04075191  $dir/sites/b.conf:2
c.example    mta-sts.c.example    testing  0bc2ac1523d6d7d3d45a  $dir/sites/a.conf:2
EOO

spew("$dir/wild.conf", <<'EOC');
http {
    server { listen 443 ssl; server_name mta-sts.*; mta_sts_mx a.example; }
    server { listen 443 ssl; server_name *.deep.example; mta_sts_mx b.example; }
    server { listen 443 ssl; server_name *.very.deep.example; mta_sts_mx c.example; }
    server { listen 443 ssl; server_name mta-sts.exact.example; mta_sts_mx d.example; }
    server { listen 443 ssl; server_name ~^mta-sts\.r; mta_sts_mx e.example; mta_sts_mode none; }
}
EOC

($rc, $out, $err) = helper('list', '-c', "$dir/wild.conf");
is($rc, 0, 'list with wildcard and regex names: status');
like($out, qr/^exact\.example\ \ mta-sts\.exact\.example\ +testing\ .*
              ^\*\ +mta-sts\.\*\ +testing\ .*
              ^\*\ +\*\.deep\.example\ .*
              ^\*\ +~\^mta-sts\\\.r\ +none\ /msx, '... has a row for each');

for my $case (['x.example', 'a'], ['x.deep.example', 'b'],
              ['x.very.deep.example', 'c'], ['exact.example', 'd'],
              ['deep.example', 'b'], ['rest.example', 'a'])
{
    ($rc, $out) = helper('policy', '-c', "$dir/wild.conf", $case->[0]);
    like($out, qr/^mx: $case->[1]\.example\r$/m,
         "$case->[0] is served as nginx chooses");
}

($rc, $out, $err) = helper('records', '-c', "$dir/wild.conf");
is(() = $err =~ /the domains of server name "\S+" are not known here/g, 4,
   'records says which domains it cannot know');

spew("$dir/two.conf", <<'EOC');
http {
    server { listen 443 ssl; server_name ~\.a\.; mta_sts_mx a.example; }
    server { listen 443 ssl; server_name ~\.B\.; mta_sts_mx b.example; }
}
EOC
($rc, $out, $err) = helper('policy', '-c', "$dir/two.conf", 'x.example');
is($rc, 1, 'two regex names: status');
like($err, qr/no policy for domain "x\.example"$/m, '... of which none matches');

($rc, $out) = helper('policy', '-c', "$dir/two.conf", $_->[0])
    and like($out, qr/^mx: $_->[1]\.example\r$/m, "$_->[0]: the first that matches")
    for ['b.a.net', 'a'], ['b.net', 'b'];


# servers that nginx would rather choose, or as well

spew("$dir/better.conf", <<'EOC');
http {
    mta_sts_mx a.example;
    server { listen 443 ssl; server_name mta-sts.*; }
    server { listen 443 ssl; server_name *.cust.example; mta_sts off; }
    server { listen 443 ssl; server_name mta-sts.off.example; mta_sts off; }
    server { listen 443 ssl; server_name mta-sts.*; mta_sts off; }
}
EOC
($rc, $out, $err) = helper('policy', '-c', "$dir/better.conf", 'x.example');
is($rc, 0, 'a name that another server has, too');
unlike($err, qr/nginx chooses/, '... is no conflict');

for my $case (['a.cust.example', 4], ['off.example', 5]) {
    my ($domain, $line) = @$case;
    ($rc, $out, $err) = helper('policy', '-c', "$dir/better.conf", $domain);
    is($rc, 1, "$domain has no policy where nginx chooses a better name");
    like($err, qr{^mta-sts:\ \Q$dir\E/better\.conf:3:\d+:\ for\ domain
         \ "\Q$domain\E"\ nginx\ chooses\ the\ server\ at
         \ \Q$dir\E/better\.conf:$line\ on\ 0\.0\.0\.0:443,\ which\ has\ no
         \ policy\ for\ it$}mx, '... which names both');
}

for my $names ('mta-sts.*', '~a') {
    my $conf = "http { mta_sts_mx a.example;\nserver { listen %s ssl; "
        . "server_name $names; }\nserver { listen %s ssl; server_name $names; "
        . "mta_sts_tlsrpt_rua mailto:a\@b.example; } }";
    spew("$dir/rua.conf", sprintf $conf, 443, 443);
    ($rc, $out, $err) = helper('records', '-c', "$dir/rua.conf", 'a.example');
    is($rc, 0, "$names twice, with other reports: the first");
    unlike($out, qr/_smtp/, '... has none');

    spew("$dir/rua.conf", sprintf $conf, 443, '[::]:443');
    ($rc, $out, $err) = helper('records', '-c', "$dir/rua.conf", 'a.example');
    is($rc, 1, '... on different addresses: status');
    like($err, qr{rua\.conf:2:\d+:.*\Q$dir\E/rua\.conf:3\ on\ \[::\]:443,
         \ which\ has\ another\ tlsrpt_rua}x, '... and both places');
}


# where nginx.conf is

($rc, $out) = helper('records', '-p', $dir, '-c', 'nginx.conf');
is($out, $all, '-p: -c is relative to the prefix');
($rc, $out) = helper('records', '-p', "$dir/", '-c', 'nginx.conf');
is($out, $all, '-p with a slash');
($rc, $out) = helper(\slurp($conf), 'list', '-c', '-');
is($rc, 0, 'a configuration on standard input');

($rc, $out, $err) = helper('list', '-c', '-');
is($rc, 1, 'nothing on standard input, as from an nginx -T that fails');
is($err, "mta-sts: standard input is empty\n", '... is an error');

my $cwd = getcwd;
my $binary = $MtaSts::BUILD =~ m{^/} ? $MtaSts::BUILD : "$cwd/$MtaSts::BUILD";
chdir $dir;
($rc, $out) = run('', "$binary/mta-sts", 'records', '-c', 'nginx.conf');
chdir $cwd;
is($out, $all, 'without -p it is relative to the current folder');

my $dump = "nginx: configuration file x test is successful\n"
    . "# configuration file $conf:\n" . slurp($conf) . "\n"
    . join '', map { "# configuration file $dir/sites/$_.conf:\n"
                     . slurp("$dir/sites/$_.conf") . "\n" } 'a', 'b';
rename "$dir/sites", "$dir/elsewhere";
($rc, $out, $err) = helper(\$dump, 'records', '-c', '-');
is($out, $all, 'the output of nginx -T, without the files') or diag($err);

($rc, $out, $err) = helper(\($dump =~ s{include sites/\*}{include sites/x}r),
                           'records', '-c', '-');
is($rc, 1, 'a file that is not in the output of nginx -T: status');
like($err, qr{^mta-sts:\ \Q$conf\E:4:13:\ file\ "\Q$dir\E/sites/x\.conf"\ is\ not
     \ in\ the\ output\ of\ nginx\ -T$}mx, '... and its place');
rename "$dir/elsewhere", "$dir/sites";

($rc, $out, $err) = helper(\("# configuration file # configuration file x:\n"
                             . "events { }\n\n# configuration file y:\n\n"),
                           'list', '-c', '-');
is($rc, 1, 'a mark whose name is not absolute: status');
like($err, qr{^mta-sts: stdin:1:1: }, '... and its place');

# hosts that need a certificate: the file name of the other has no variable

spew("$dir/certificates.conf", <<'EOC');
http {
    server { listen 443 ssl; server_name mta-sts.fixed.example; mta_sts_mx mx.a.example;
             ssl_certificate fixed.pem; }
    server { listen 443 ssl; server_name mta-sts.own.example; mta_sts_mx mx.a.example;
             ssl_certificate certs/$mta_sts_host.pem; }
    server { listen 443 ssl; server_name mta-sts.none.example; mta_sts_mx mx.a.example; }
}
EOC
is((helper('list', '--hosts', '--without-certificate', '-c',
           "$dir/certificates.conf"))[1],
   "mta-sts.none.example\nmta-sts.own.example\n", 'list --without-certificate');

# nothing in a file name reaches the terminal

my $file = "$dir/a\e[31m\xe2\x80\xae\xc2\x9bb.yaml";
spew($file, "mx: mx.example\ndomains: { a.example: {} }\n");
like((helper('list', '-d', $file))[1], qr{/a\?\[31m\?{5}b\.yaml:2$},
     'control characters in the name of a file');

($rc, $out, $err) = helper('list', '-c', "$dir/none.conf");
is($rc, 1, 'no nginx.conf: status');
is($err, "mta-sts: open() \"$dir/none.conf\" failed (2: No such file or "
   . "directory)\n", '... and says so');

spew("$dir/empty.conf", "http { }\n");
($rc, $out, $err) = helper('list', '-c', "$dir/empty.conf");
is($rc, 0, 'no policy: an empty list');
($rc, $out, $err) = helper('records', '-c', "$dir/empty.conf");
is($rc, 1, '... but no empty zone');
is($err, "mta-sts: no policy is configured in $dir/empty.conf\n",
   '... and says so');


# generate

($rc, $out, $err) = helper('generate', 'B.example', '--mode', 'enforce',
    '--mx', 'mail.b.example', '--max-age', '2w', '--tlsrpt-rua',
    'mailto:tls@b.example', '--tlsrpt-rua', 'https://b.example/a,b;c!d');
is($rc, 0, 'generate: status');
is($err, '', '... without a word');

my @parts = split /^# .*\n\n/m, $out;
is($parts[1], "version: STSv1\r\nmode: enforce\r\nmx: mail.b.example\r\n"
   . "max_age: 1209600\r\n\n", 'generate: the policy');
my ($b_records) = $all =~ /^(_mta-sts\.b\.example.*\n_smtp.*\n)/m;
is($parts[2], "$b_records\n", '... the records as zone lines');
like($parts[3], qr/^b\.example\n {4}Type   TXT\n {4}Host   _mta-sts\n/,
     '... the records for a panel');

spew("$dir/generated.conf", "http {\n$parts[4]}\n");
($rc, $out) = helper('records', '-c', "$dir/generated.conf");
is($out, $b_records, '... and a server block that has the same records');

my $block = $parts[4] =~ s{/etc/letsencrypt/\S+chain\.pem}{generated.pem}r
    =~ s{/etc/letsencrypt/\S+key\.pem}{generated.key}r
    =~ s{ 443 }{ 127.0.0.1:%%PORT0%% }r =~ s{listen +\[.*}{}r;
my $nginx = MtaSts->new($block);
make_cert($nginx->dir, 'generated', 'mta-sts.b.example');
my ($status, $said) = $nginx->test;
is($status, 0, '... that nginx takes') or diag($said);


# misuse

for my $case ([[], qr/^usage: mta-sts COMMAND/],
              [['recordz'],
               qr/^mta-sts: unknown command "recordz", did you mean "records"\?$/m],
              [['report', 'add'],
               qr/^mta-sts: unknown command "report", did you mean "reports"\?$/m],
              [['help', 'improt'], qr/"improt", did you mean "import"\?$/m],
              [['xyz'], qr/^mta-sts: unknown command "xyz"$/m],
              [['records', '-x'], qr/^mta-sts: unknown option "-x", see mta-sts records --help$/m],
              [['records', '-zq', 'a'],
               qr/^mta-sts: unknown option "-zq", see mta-sts records --help$/m],
              [['records', '--xxxx'],
               qr/^mta-sts: unknown option "--xxxx", see mta-sts records --help$/m],
              [['check', '--timeuot=3'],
               qr/^mta-sts: unknown option "--timeuot=3", did you mean "--timeout"\?$/m],
              [['policy', '-fx', 'a'],
               qr/^mta-sts: command "policy" does not take option "-fx"$/m],
              [['generate', '-fx', 'a'], qr/^mta-sts: unknown format "x"/m],
              [['generate', '-f', 'terraform', 'a'], qr/needs "--provider"/],
              [['records', '--mx', 'a'],
               qr/^mta-sts: command "records" does not take option "--mx"$/m],
              [['generate', 'a.example', '-c', 'x'],
               qr/^mta-sts: command "generate" does not take option "-c"$/m],
              [['records', '--escaped'],
               qr/^mta-sts: unknown option "--escaped", did you mean "--escaped-semicolons"\?$/m],
              [['records', '-c'], qr/^mta-sts: option "-c" needs a value: "-c FILE"$/m],
              [['records', '-f', 'xml'], qr/^mta-sts: unknown format "xml"/m],
              [['policy'], qr/^mta-sts: command "policy" takes one domain, /m],
              [['policy', 'a', 'b'], qr/takes one domain, or "--tree"$/m],
              [['generate'], qr/takes one domain$/m])
{
    my ($args, $text) = @$case;
    ($rc, $out, $err) = helper(@$args);
    is($rc, 2, "mta-sts @$args: status 2");
    is($out, '', '... nothing on stdout');
    like($err, $text, '... and a word');
}

for my $args (['--help'], ['records', '--help'], ['generate', '-h'], ['help'],
              ['help', 'records'], ['--version'])
{
    ($rc, $out, $err) = helper(@$args);
    is($rc, 0, "mta-sts @$args");
    like($out, qr/^(?:usage: mta-sts |mta-sts \d)/, '... is on stdout');
    is($err, '', '... alone');
}


# what cannot be written is an error

for my $command ("records -c $conf", "policy -c $conf a.example",
                 "list -c $conf", 'generate a.example --mx b.c', '--help')
{
    ($rc, $out, $err) = run('', 'sh', '-c',
                            "$MtaSts::BUILD/mta-sts $command >/dev/full");
    is($rc, 1, "$command to a full disk: status 1");
    is($err, 'mta-sts: write error on standard output: No space left on '
       . "device\n", '... and says so');
}

($rc, $out, $err) = run('', 'bash', '-c', 'exec 3> >(true); wait $!; '
    . "exec $MtaSts::BUILD/mta-sts list -c $conf >&3");
is("$rc $err", '1 ', 'a closed pipe: status 1, and no message');

is((helper('help', 'list'))[1], (helper('list', '--help'))[1],
   'help of a command');
is((helper('help', 'none'))[0], 2, '... that there is not');
like((helper('--version'))[1],
     qr/^mta-sts \d\S*\n(?:[\w-]+ \d\S*\n){6}\z/, 'versions of libraries');


# a pipe in the place of a domains file

spew("$dir/pipe.yaml", "domains: {a.example: {mx: b.example}}\n");
my @list = ("$MtaSts::BUILD/mta-sts", 'list', '-d');

($rc, $out, $err) = run('', 'bash', '-c', '"${@:2}" <(cat "$1")', 'bash',
                        "$dir/pipe.yaml", @list);
is("$rc $err", '0 ', 'domains from a pipe');
like($out, qr/^a\.example  mta-sts\.a\.example /, '... are read');


# nothing of a configuration steers a terminal

spew("$dir/escape.conf", "http { server { server_name mta-sts.a.example; "
    . "mta_sts_mx \"a\e[31m\a.example\"; } }");
($rc, $out, $err) = helper('list', '-c', "$dir/escape.conf");
unlike($err, qr/[\x00-\x09\x0b-\x1f\x7f]/, 'control characters are not printed');

done_testing();
