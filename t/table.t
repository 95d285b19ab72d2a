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


# A newer table.

my $pid = slurp("$dir/logs/nginx.pid");

spew($yaml, text(@domains, 'e.example: one'));
compile();
ok(within(sub { body('e.example') =~ /mode: enforce/ }),
   'a new domain is served without a reload');
is(slurp("$dir/logs/nginx.pid"), $pid, '... by the same nginx');
is(body('a.example'), (helper('policy', '-d', $table, 'a.example'))[1],
   '... next to the others');


# Bad files, see also table_damaged.t.

sub place {
    my ($bytes) = @_;
    spew("$table.new", $bytes);
    rename "$table.new", $table;
}

my $log = "$dir/logs/error.log";

place("mx: mx.example.com\n");
ok(within(sub { body('e.example') =~ /enforce/
                && slurp($log) =~ /is not a table, the old/ }),
   'a domains file in its place is not taken');

unlink $table;
ok(within(sub { body('e.example') =~ /enforce/
                && slurp($log) =~ /failed \(2: .*\), the old table is kept/ }),
   'a table that is gone is missed once');

spew($yaml, text('f.example: one'));
compile();
ok(within(sub { body('f.example') =~ /mode: enforce/ }),
   'a good one is taken again');
like(body('a.example'), qr/mx2/, '... and all of the old one is gone');


# Changes of a large table: a small one in front of it.

my @many = map { "d$_.example: one" } 1 .. 1000;

spew($yaml, text(@many));
compile();
ok(within(sub { body('d7.example') =~ /enforce/ }), 'a larger table');

my $large = slurp($table);
my $at = (stat $table)[1];

sub changes {
    my ($status, $out, $err) = helper('compile', '--changes', '-d', $yaml, '-o',
                                      $table);
    is("$status$out$err", '0', 'compile --changes');
}

# as of files: the places of what has not changed are those of the table

sub same_as_files {
    my ($what) = @_;
    my @list = map { (helper('list', '-d', $_))[1] =~ s/  \S+:\d+(?=  |$)//mgr }
        $yaml, $table;

    is(join('', sort split /^/, $list[1]), join('', sort split /^/, $list[0]),
       "$what: list");
    is((helper('records', '-d', $table))[1], (helper('records', '-d', $yaml))[1],
       '... records');
}

spew($yaml, text((grep { !/^d[27]\./ } @many), 'new.example: one',
                 'd2.example: two'));
changes();
same_as_files('changes');
is((stat $table)[1], $at, '... the table stays');
cmp_ok(-s "$table.changes", '<', 4096, '... they are small');

ok(within(sub { body('new.example') =~ /enforce/ }), 'a new domain is served');
like(body('d2.example'), qr/mx2/, '... and a changed one');
like(body('d7.example'), qr/mx2/, '... a removed one has the default');
like(body('d8.example'), qr/enforce/, '... and the others stay');
is(($nginx->test)[0], 0, '... nginx -t');

spew($yaml, text(@many));
changes();
ok(within(sub { body('d7.example') =~ /enforce/ }), 'changes are replaced');
same_as_files('without a change');

spew($yaml, text(@many, 'new.example: one'));
changes();
ok(within(sub { body('new.example') =~ /enforce/ }), 'and again');

my $bad = slurp("$table.changes");
spew("$table.new", substr $bad, 0, -1);
rename "$table.new", "$table.changes";
ok(within(sub { body('new.example') =~ /enforce/
                && slurp($log) =~ /is truncated, the old changes are kept/ }),
   'truncated changes are not taken');
is(($nginx->test)[0], 1, '... nginx -t refuses them');

spew("$table.changes.new", $bad);
spew($yaml, text(grep { !/^d9\./ } @many));
compile();
rename "$table.changes.new", "$table.changes";
ok(within(sub { body('d9.example') =~ /mx2/ }), 'a newer table');
like(body('new.example'), qr/mx2/, '... ignores changes of an older one');
same_as_files('ignored changes');
unlink "$table.changes";

spew($yaml, text(@many) =~ s/default: two/default: one/r);
is((helper('compile', '--changes', '-d', $yaml, '-o', $table))[0], 1,
   'a new default needs a whole table');


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

# the second response has begun

my $got = '';
while (length $got < 1000 + length $expected) {
    sysread $sock, $got, 1000, length $got or last;
}

spew($yaml, "domains: {b.example: {mx: mx.example.com}}\n");
compile();
ok(within(sub { body('b.example') =~ /mx: mx\.example\.com/ }),
   'replaced while responses are on their way');

while (sysread $sock, $got, 65536, length $got) { }

my $bodies = () = $got =~ /\Q$expected\E/g;
my $missing = () = $got =~ /^HTTP\/1\.1 404 /mg;
cmp_ok($bodies, '>', 1, 'responses of the old table are whole');
is($bodies + $missing, 21, '... and no response is anything else');

$nginx->stop;


# A table that is truncated in place, which is forbidden: a worker that touches it
# ends, the master starts another one, and the next table is served.

spew($yaml, text(map { "d$_.example: one" } 1 .. 1000));
compile();
$nginx->start;
like(body('d1.example'), qr/enforce/, 'a table');

truncate $table, 4096;
body("d$_.example") for 1 .. 3;
ok(within(sub { slurp($log) =~ /exited (?:on signal|with code 99)/ }),
   'truncated in place: a worker ends');

compile();
ok(within(sub { body('d1.example') =~ /enforce/ }),
   '... a new table is served by the next one');

$nginx->stop(qr/exited on signal|Sanitizer|deadly signal/);


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
