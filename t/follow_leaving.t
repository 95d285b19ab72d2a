#!/usr/bin/perl

# What mta-sts follow makes of domains that leave, as a daemon: "none" only if they
# have really left, and in time.

use strict;
use warnings;

use lib 't/lib';
use File::Temp qw(tempdir);
use MtaSts;
use MtaSts::Follow qw(policies table_of within);
use MtaSts::Sqlite;
use Test::More;

my $dir = tempdir(CLEANUP => 1);
my ($yaml, $table, $metrics, $file) = map { "$dir/$_" } qw(p.yaml table metrics db);

policies($yaml);
helper('follow', '--init', "sqlite:$file");

my $db = MtaSts::Sqlite->new($file);

# a look at those that leave every two seconds

my @options = ('-d', $yaml, '--metrics', $metrics, '--grace', '20s');

sub fresh {
    unlink glob("$table*"), "$dir/follow.log", $metrics;
    $db->sql('DELETE FROM mta_sts_domains');
}

sub insert {
    $db->sql('INSERT INTO mta_sts_domains (domain, policy) VALUES '
             . join ', ', map { "('$_', 'hosted')" } @_);
}

sub delete_row { $db->sql("DELETE FROM mta_sts_domains WHERE domain = '$_[0]'") }

sub follow {
    my ($source, @more) = @_;
    local $SIG{XFSZ} = 'IGNORE';
    return MtaSts::Follow->new($dir, $source, @options, @more)->start;
}

sub mode { return (split ' ', table_of($table)->{$_[0]} // 'absent')[0] }

sub metric {
    my ($name) = @_;
    return -1 unless -e $metrics;
    my ($value) = slurp($metrics) =~ /^mta_sts_follow_\Q$name\E (\S+)$/m;
    return $value // 'none';
}

sub memory {
    my ($sql) = @_;
    my ($status, $out) = run("$sql;\n", 'sqlite3', '-cmd', '.timeout 20000',
                             "$table.follow");
    is($status, 0, "memory: $sql") if $status;
    return $out;
}

sub grace_is_over { memory('UPDATE leaving SET since = since - 7200') }

sub leaving {
    my ($n) = @_;
    ok(within(sub { metric('leaving_domains') == $n }), "$n leave");
}


# A domain that is back is not made "none", though nobody has read that.

fresh();
insert('a.example', 'z.example');

my $follow = follow("sqlite:$file", '--every', '1h', '--query',
                    'SELECT domain, policy FROM mta_sts_domains');
ok(within(sub { mode('a.example') eq 'enforce' }), 'a domain');
delete_row('a.example');
kill 'HUP', $follow->pid;
leaving(1);
insert('a.example');
grace_is_over();
ok(within(sub { $follow->log =~ /a\.example (?:is back|steps down)/ }),
   '... that leaves, and its grace is over');
unlike($follow->log, qr/a\.example steps down/, '... is back in the source');
is(mode('a.example'), 'enforce', '... and as it was');
delete_row('a.example');
kill 'HUP', $follow->pid;
leaving(1);
grace_is_over();
ok(within(sub { mode('a.example') eq 'none' }), '... one that is not is none');
$follow->stop;

# of lines, what waits in the pipe

sub may_write {
    my ($bytes) = @_;
    is((run('', 'prlimit', '--pid', $follow->pid, "--fsize=$bytes:unlimited"))[0],
       0, "files of $bytes bytes");
}

fresh();
$follow = follow('-', '--exec', 'true');
$follow->say("set a.example hosted\nset z.example hosted\n");
ok(within(sub { mode('a.example') eq 'enforce' }), 'a domain of lines');
$follow->say("delete a.example\n");
leaving(1);
may_write(8192);
$follow->say("set b.example try\n");
ok(within(sub { $follow->log =~ /the table stays as it is/ }), 'a full disk');
$follow->say("set a.example hosted\n");
grace_is_over();
may_write('unlimited');
ok(within(sub { $follow->log =~ /a\.example (?:is back|steps down)/ }),
   '... and a line that waits');
unlike($follow->log, qr/a\.example steps down/, '... which counts');
is(mode('a.example'), 'enforce', '... also in the table');
$follow->stop;


# While changes are refused, none becomes "none".

fresh();
insert(map { "k$_.example" } 1 .. 100);
$follow = follow("sqlite:$file", '--every', '1s');
ok(within(sub { mode('k100.example') eq 'enforce' }), 'many domains');
delete_row('k1.example');
leaving(1);
$db->sql("DELETE FROM mta_sts_domains WHERE domain LIKE 'k2%'");
ok(within(sub { $follow->log =~ /refused: .* lacks 12 of 100/ }), 'some are missing');
ok(within(sub { metric('reads_total{kind="full"}') >= 2 }),
   '... all is read, to be sure');
delete_row('k3.example');
leaving(2);
is(metric('refusing'), 1, '... and one more does not make it right');
grace_is_over();
select undef, undef, undef, 3;
is(mode('k1.example'), 'enforce', '... none becomes none');
insert(map { "k$_.example" } 2, 20 .. 29);
kill 'HUP', $follow->pid;
ok(within(sub { mode('k1.example') eq 'none' }), '... until they are back');
$follow->stop;


# A row in another spelling that is changed or removed: another row may be right.

fresh();
insert('a.example', 'a.example.', 'z.example');
$follow = follow("sqlite:$file", '--every', '1s');
ok(within(sub { mode('a.example') eq 'enforce' }), 'two spellings');
$db->sql("UPDATE mta_sts_domains SET policy = 'try' WHERE domain = 'a.example.'");
ok(within(sub { $follow->log =~ /a\.example: the domain has another policy/ }),
   '... one changes');
is(mode('a.example'), 'enforce', '... the present policy stays');
delete_row('a.example.');
insert('y.example');
ok(within(sub { mode('y.example') eq 'enforce' }), '... one goes');
is(metric('removed_total'), 0, '... the domain does not');
$follow->stop;


# A clock that is set right.  Its file is never empty.

sub clock {
    spew("$dir/clock.new", "$_[0]\n");
    rename "$dir/clock.new", "$dir/clock" or die "$dir/clock: $!";
}

fresh();
insert('a.example', 'y.example', 'z.example');

{
    local @ENV{qw(LD_PRELOAD FAKETIME_TIMESTAMP_FILE FAKETIME_NO_CACHE
                  FAKETIME_DONT_FAKE_MONOTONIC)}
        = ((glob '/usr/lib/*/faketime/libfaketime.so.1')[0], "$dir/clock", 1, 1);
    local $MtaSts::BUILD = $MtaSts::FAKED;
    clock('-2d');
    $follow = follow("sqlite:$file", '--every', '1s', '--grace', '60s');
}

ok(within(sub { mode('a.example') eq 'enforce' }), 'a clock that is behind');
delete_row('a.example');
leaving(1);
clock('+0');
ok(within(sub { $follow->log =~ /the clock was set forward by 172\d\d\d seconds/ }),
   '... and is set');
delete_row('z.example');
leaving(2);
memory("UPDATE leaving SET since = since - 7200 WHERE domain = 'z.example'");
ok(within(sub { mode('z.example') eq 'none' }), '... a time of grace that is over ends');
is(mode('a.example'), 'enforce', '... and no other');
$follow->stop;


# A domain that came back has a max_age of its own, but the policy is that of its
# name.

fresh();
$follow = follow('-');
$follow->say("set a.example hosted\nset z.example try\n");
ok(within(sub { mode('a.example') eq 'enforce' }), 'a domain of a policy');
$follow->say("delete a.example\n");
leaving(1);
grace_is_over();
ok(within(sub { mode('a.example') eq 'none' }), '... leaves');
$follow->say("set a.example hosted\n");
ok(within(sub { mode('a.example') eq 'enforce' }), '... and comes back');
like(table_of($table)->{'a.example'}, qr/^enforce \S+ hosted$/, '... with its name');
spew($yaml, slurp($yaml) =~ s/mx1\.hoster/mx9.hoster/r);
kill 'HUP', $follow->pid;
ok(within(sub { (helper('policy', '-d', $table, 'a.example'))[1] =~ /mx: mx9/ }),
   '... which SIGHUP replaces');
policies($yaml);
$follow->stop;

done_testing;
