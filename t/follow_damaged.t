#!/usr/bin/perl

# mta-sts follow with a table, its changes or its memory damaged: all is refused, a
# service starts all the same, and follows on when the files are restored.

use strict;
use warnings;

use lib 't/lib';
use File::Copy qw(copy);
use File::Temp qw(tempdir);
use IO::Socket::UNIX;
use MtaSts;
use MtaSts::Follow qw(policies table_of within);
use Socket qw(SOCK_DGRAM);
use Test::More;

my $dir = tempdir(CLEANUP => 1);
my ($yaml, $table, $metrics, $db) = map { "$dir/$_" } qw(p.yaml table metrics db);

policies($yaml);

my @args = ('-d', $yaml, '--metrics', $metrics);

sub once {
    my ($lines, @more) = @_;
    return helper(\$lines, 'follow', '-', '--once', '--table', $table, @args, @more);
}

sub snapshot { return join '', "begin\n", (map { "set $_\n" } @_), "end\n" }
sub many { return snapshot(map { "d$_.example try" } 1 .. $_[0]) }
sub mode { return (split ' ', table_of($table)->{$_[0]} // 'absent')[0] }
sub fresh { unlink glob "$table*" }

sub metric {
    my ($name) = @_;
    my ($value) = (-e $metrics ? slurp($metrics) : '')
                  =~ /^mta_sts_follow_\Q$name\E (\S+)$/m;
    return $value // 'none';
}

# bytes in the middle of a file

sub damage {
    my ($file, $at, $n) = @_;
    my $bytes = slurp($file);
    substr($bytes, $at, $n) = 'X' x $n;
    spew($file, $bytes);
}

sub memory {
    my (@sql) = @_;
    my ($status, $out) = run(join('', map { "$_;\n" } @sql), 'sqlite3', "$table.follow");
    is($status, 0, "memory: @sql") if $status;
    return $out;
}


# Domains that a damaged table lost do not count as those that have left.

my ($status, $err);

fresh();
once(many(20));
is((once(many(10), '--allow-removals'))[0], 0, 'half of the domains leave');
truncate $table, 100;
is((once(many(4), '--allow-removals'))[0], 0, '... the table is damaged: allowed');
($status, undef, $err) = once(snapshot());
is($status, 1, '... then the source is empty');
like($err, qr/refused: stdin lacks 4 of 4 domains, it is empty/, '... which is refused');

fresh();
once(many(500));
once(many(200), '--allow-removals');
truncate $table, 100;
once(many(200), '--allow-removals');
is((once(many(189)))[0], 0, 'a few of many may leave then');


# A table that is empty, and one whose header is damaged.

for my $how (sub { truncate $table, 0 }, sub { damage($table, 32, 1) }) {
    fresh();
    once(many(20));
    $how->();
    ($status, undef, $err) = once(many(2));
    is($status, 1, 'a damaged table');
    like($err, qr/^mta-sts: refused: "\Q$table\E" or its changes are damaged/m, '... is said');
    unlike($err, qr/only the changes/, '... as what it is');
    is((once(many(2), '--allow-removals'))[0], 0, '... and may be written');
}


# A service on a database, whose table is damaged and restored by another file.

sub sql {
    my (@sql) = @_;
    my ($code, undef, $said) = run(join(";\n", @sql) . ";\n", 'sqlite3', '-cmd',
                                   '.timeout 20000', $db);
    is("$code$said", '0', "sql: @sql") if $code || $said;
}

helper('follow', '--init', "sqlite:$db");
sql(map { "INSERT INTO mta_sts_domains (domain, policy) VALUES ('d$_.example', 'try')" }
    1 .. 3);

my $socket = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => "$dir/notify",
                                   Blocking => 0) or die;
my $said = '';

sub notified {
    my ($want) = @_;
    return within(sub {
        $said .= "$_\n" while defined $socket->recv($_, 4096);
        return $said =~ $want;
    });
}

fresh();
once(many(3));
copy($table, "$dir/backup") or die $!;
truncate $table, 100;

my $follow = MtaSts::Follow->new($dir, "sqlite:$db", @args, '--every', '1s');

{
    local $ENV{NOTIFY_SOCKET} = "$dir/notify";
    $follow->start;
}

ok(notified(qr/^READY=1$/m), 'a service with a damaged table is ready');
ok(notified(qr/^STATUS=refused: the table or its changes are damaged, /m), '... and says so');
ok(within(sub { metric('refusing') == 1 }), '... in the metrics, too');
like($follow->log, qr/ are damaged, so nobody knows which domains .* lacks; restore both, or /,
     '... with what to do');
unlike($follow->log, qr/lines/, '... to a database');
sql("INSERT INTO mta_sts_domains (domain, policy) VALUES ('new.example', 'hosted')");
ok(within(sub { metric('refused_total') >= 2 }), '... changes are refused');
rename "$dir/backup", $table or die $!;
ok(within(sub { mode('new.example') eq 'enforce' }), 'the table is restored, and follows');
ok(within(sub { metric('refusing') == 0 }), '... nothing is refused any more');
like($follow->log, qr/"\Q$table\E" is not damaged any more/, '... which is said');
ok(notified(qr/^STATUS=the table follows the source, 4 domains/m), '... to systemd, too');
$follow->stop;


# Lines, where only the changes are damaged and are restored in place.

fresh();
unlink $metrics, "$dir/follow.log";
once(many(3));
once("set a.example hosted\n");
copy("$table.changes", "$dir/backup") or die $!;
damage("$table.changes", -20, 1);

$follow = MtaSts::Follow->new($dir, '-', @args);
$follow->start;
$follow->say("set lost.example try\n");
$follow->await_log(qr/^mta-sts: "\Q$table\E\.changes" is damaged$/m);
$follow->await_log(qr/ or its changes are damaged, .* stdin lacks; restore both, .*--allow-removals \(of lines, with a snapshot\): /);
ok(within(sub { metric('refused_total') == 1 }), '... is counted');
is(metric('refusing'), 1, '... and refused');
copy("$dir/backup", "$table.changes") or die $!;
$follow->await_log(qr/is not damaged any more/);
$follow->say("set b.example try\n");
ok(within(sub { mode('b.example') eq 'testing' }), 'lines are followed on');
is(mode('a.example') . ' ' . mode('lost.example'), 'enforce absent',
   '... without those that were refused');
is(metric('refusing'), 1, '... so that they need a snapshot');
$follow->say(snapshot('a.example hosted', 'b.example try', 'lost.example try',
                      map { "d$_.example try" } 1 .. 3));
ok(within(sub { mode('lost.example') eq 'testing' }), '... with which they are back');
ok(within(sub { metric('refusing') == 0 }), '... and nothing is refused');
$follow->stop;


# A memory whose first page is good; and one that another program switched back.

fresh();
once(many(500));
once(snapshot('d1.example try'), '--allow-removals');
is(memory('PRAGMA journal_mode = DELETE'), "delete\n", 'the memory without a WAL');
once(snapshot('d1.example try'));
is(memory('PRAGMA journal_mode', 'PRAGMA wal_checkpoint(TRUNCATE)'), "wal\n0|0|0\n",
   '... gets one again');

unlink "$table.follow-wal", "$table.follow-shm";
my $size = memory('PRAGMA page_size');
damage("$table.follow", $size, 3 * $size);
($status, undef, $err) = once(snapshot('d1.example try'));
is($status, 3, 'a memory with damaged pages');
like($err, qr/\.follow": database disk image is malformed: restore it, or move it /,
     '... is not used');

done_testing;
