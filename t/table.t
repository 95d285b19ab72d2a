#!/usr/bin/perl

# A compiled table: nginx and the helper read it as they read the domains files
# it was made of; a worker takes a newer one without a reload, and keeps what it
# has if the newer one is damaged.

use strict;
use warnings;

use lib 't/lib';
use MtaSts;
use MtaSts::Parity;
use Test::More;

my $nginx = MtaSts->new('');
my $dir = $nginx->dir;
my ($yaml, $table) = ("$dir/d.yaml", "$dir/d.table");

chmod 0755, $dir;

sub text {
    my (@domains) = @_;
    return "max_age: 2w\ntlsrpt_rua: mailto:tls\@example.com\npolicies:\n"
        . "  one: {mode: enforce, mx: [mx1.example.com, '*.mx.example.com']}\n"
        . "  two: {mode: testing, mx: mx2.example.com}\ndomains:\n"
        . join('', map { "  $_\n" } @domains) . "default: two\n";
}

sub compile {
    my ($status, $out, $err) = helper('compile', '-d', $yaml, '-o', $table);
    is("$status$out$err", '0', 'compile');
}

sub body {
    my ($domain) = @_;
    return (split_response($nginx->get(0, "mta-sts.$domain")))[1];
}


# The same from both forms.

my @domains = ('a.example: one', 'b.example: two',
               'c.example: {policy: one, mode: none}', 'D.Example: one');

spew($yaml, text(@domains));
compile();

for my $command (['list'], ['list', '--hosts'], ['records'],
                 ['records', '-f', 'json'], ['policy', 'c.example'],
                 ['list', 'b.example'])
{
    is(join('|', helper(@$command, '-d', $table)),
       join('|', helper(@$command, '-d', $yaml)), "@$command");
}

$nginx->conf('server { listen 127.0.0.1:%%PORT0%%; server_name mta-sts.*; '
             . 'add_header X-Id "$mta_sts_id $mta_sts_mode"; '
             . 'mta_sts_domains d.table; }');
is(($nginx->test)[0], 0, 'nginx -t');
$nginx->start;

for my $domain (qw(a.example b.example c.example d.example other.example)) {
    is(body($domain), (helper('policy', '-c', "$dir/nginx.conf", $domain))[1],
       "$domain: nginx serves what the helper prints");
}

like($nginx->get(0, 'mta-sts.a.example'), qr/^X-Id: [0-9a-f]{20} enforce\r$/m,
     'variables');

my (undef, $dump) = run('', $MtaSts::NGINX, '-p', "$dir/", '-c', 'nginx.conf',
                        '-T', '-e', 'stderr');
unlike($dump, qr/configuration file .*d\.table/, 'nginx -T has no table');
is((helper(\$dump, 'list', '-c', '-'))[1],
   (helper('list', '-c', "$dir/nginx.conf"))[1], '... its path is enough');


# A newer table, within two seconds.

sub within {
    my ($seconds, $code) = @_;
    for (1 .. 10 * $seconds) {
        return 1 if $code->();
        select undef, undef, undef, 0.1;
    }
    return 0;
}

my $pid = slurp("$dir/logs/nginx.pid");

spew($yaml, text(@domains, 'e.example: one'));
compile();
ok(within(3, sub { body('e.example') =~ /mode: enforce/ }),
   'a new domain is served without a reload');
is(slurp("$dir/logs/nginx.pid"), $pid, '... by the same nginx');
is(body('a.example'), (helper('policy', '-d', $table, 'a.example'))[1],
   '... next to the others');


# Bad tables: refused by nginx -t, ignored by a worker, logged once.

sub place {
    my ($bytes) = @_;
    spew("$table.new", $bytes);
    rename "$table.new", $table;
}

my $good = slurp($table);
my $log = "$dir/logs/error.log";

for my $case (
    ['truncated', substr($good, 0, length($good) - 1), 'is truncated'],
    ['half', substr($good, 0, length($good) / 2), 'is truncated'],
    ['damaged', substr($good, 0, -9) . 'x' . substr($good, -8), 'is damaged'],
    ['with a damaged header', substr($good, 0, 20) . 'x' . substr($good, 21),
     'is damaged'],
    ['of another format', substr($good, 0, 12) . "\2" . substr($good, 13),
     'is of another format, compile it again'],
) {
    my ($what, $bytes, $error) = @$case;
    my $before = () = slurp($log) =~ /\Q$error\E, the old table is kept/g;

    place($bytes);

    my ($status, $said) = $nginx->test;
    is($status, 1, "$what: nginx -t refuses it");
    like($said, qr/"\Q$table\E" \Q$error\E in /, '... and says why');
    is((helper('list', '-c', "$dir/nginx.conf"))[0], 1, '... so does list');

    ok(within(3, sub { body('a.example');
                       (() = slurp($log) =~ /\Q$error\E, the old/g)
                       == $before + 1 }), '... a worker logs it');
    select undef, undef, undef, 1.2;
    like(body('e.example'), qr/mode: enforce/, '... and serves on');
    is((() = slurp($log) =~ /\Q$error\E, the old/g), $before + 1, '... once');
}

place("mx: mx.example.com\n");
ok(within(3, sub { body('e.example') =~ /enforce/
                   && slurp($log) =~ /is not a table, the old/ }),
   'a domains file in its place is not taken');

unlink $table;
ok(within(3, sub { body('e.example') =~ /enforce/
                   && slurp($log) =~ /failed, the old table is kept/ }),
   'a table that is gone is missed once');

spew($yaml, text('f.example: one'));
compile();
ok(within(3, sub { body('f.example') =~ /mode: enforce/ }),
   'a good one is taken again');
like(body('a.example'), qr/mx2/, '... and all of the old one is gone');


# A slow client gets what it asked for, though the table is replaced.

$nginx->stop;

my $wide = join ', ', map { "mx$_.example.com" } 1 .. 1300;
spew($yaml, "policies: {p: {mx: [$wide]}}\ndomains: {a.example: p}\n");
is((helper('compile', '-d', $yaml, '-o', $table))[0], 0, 'a large policy');
$nginx->conf('server { listen 127.0.0.1:%%PORT0%% sndbuf=16k; '
             . 'server_name mta-sts.*; mta_sts_domains d.table; }');
$nginx->start;

my $expected = (helper('policy', '-d', $table, 'a.example'))[1];
my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1:' . $nginx->port(0));
setsockopt $sock, Socket::SOL_SOCKET(), Socket::SO_RCVBUF(), 8192;
my $ask = "GET /.well-known/mta-sts.txt HTTP/1.1\r\n"
    . "Host: mta-sts.a.example\r\n";
syswrite $sock, "$ask\r\n" x 20 . "${ask}Connection: close\r\n\r\n";

spew($yaml, "domains: {b.example: {mx: mx.example.com}}\n");
compile();
ok(within(3, sub { body('b.example') =~ /mx: mx\.example\.com/ }),
   'replaced while responses are on their way');

my $got = '';
while (sysread $sock, $got, 65536, length $got) { }

my $bodies = () = $got =~ /\Q$expected\E/g;
my $missing = () = $got =~ /^HTTP\/1\.1 404 /mg;
cmp_ok($bodies, '>', 1, 'responses of the old table are whole');
is($bodies + $missing, 21, '... and no response is anything else');

$nginx->stop;


# What compile refuses.

spew($yaml, "domains: {a.example: {}}\n");
my $old = slurp($table);
my ($status, undef, $err) = helper('compile', '-d', $yaml, '-o', $table);
is($status, 1, 'a wrong file is not compiled');
like($err, qr/^mta-sts: \Q$yaml\E:1:11: mode "testing" needs/, '... it says why');
is(slurp($table), $old, '... the old table stays');
is((helper('compile', '-d', $yaml))[0], 2, 'no -o');
is((helper('compile', '-o', $table))[0], 2, 'no -d');

spew("$dir/x1.yaml", "policies: {p: {mx: mx.example.com}}\n");
spew("$dir/x2.yaml", "domains: {x.example: p}\n");
is((helper('compile', '-d', "$dir/x1.yaml", "$dir/x2.yaml", '-o', $table))[0], 0,
   'two files');
is((helper('list', '--hosts', '-d', $table))[1], "mta-sts.x.example\n",
   '... together');
is((helper('compile', '-d', "$dir/x*.yaml", '-o', $table))[0], 0, 'a glob');
is((helper('list', '--hosts', '-d', $table))[1], "mta-sts.x.example\n",
   '... of both');
is_deeply([glob "$table.*"], [], 'no temporary file is left');


# The workers' user must be able to read it.

SKIP: {
    skip 'only as root', 2 if $>;

    chmod 0600, $table;
    spew("$dir/nginx.conf",
         slurp("$dir/nginx.conf") =~ s/user root;/user nobody nogroup;/r);

    my ($status, $said) = $nginx->test;
    is($status, 1, 'nginx -t refuses what the workers cannot read');
    like($said, qr/table "\Q$table\E" cannot be read by the workers' user/,
         '... and says so');
}

done_testing();
