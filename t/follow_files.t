#!/usr/bin/perl

# The files of mta-sts follow next to other processes: those that replace, remove or
# lock them, and a folder that cannot be synced.

use strict;
use warnings;

use lib 't/lib';
use File::Temp qw(tempdir);
use MtaSts;
use MtaSts::Follow qw(policies table_of within);
use POSIX qw(:sys_wait_h);
use Test::More;

my $dir = tempdir(CLEANUP => 1);
mkdir "$dir/t";
my ($yaml, $table, $x) = ("$dir/p.yaml", "$dir/t/table", "$dir/t/x");

policies($yaml);
spew("$dir/x.yaml", "domains: {x.example: {mode: none}}\n");

my $helper = "$MtaSts::FAKED/mta-sts";
my @once = ('follow', '-', '--once', '--table', $table, '-d', $yaml);

sub once { return helper(\$_[0], @once) }
sub mode { return (split ' ', table_of($table)->{$_[0]} // 'absent')[0] }
sub fresh { unlink glob("$dir/t/*"), "$dir/follow.log" }

sub follow {
    my $follow = MtaSts::Follow->new($dir, '-', '-d', $yaml);
    $follow->{table} = $table;
    return $follow;
}

sub becomes {
    my ($domain, $mode) = @_;
    return ok(within(sub { mode($domain) eq $mode }), "$domain is $mode");
}

# starts a program, with what strace injects into its first such call

sub start {
    my ($inject, @command) = @_;
    my $pid = fork // die "fork: $!";

    if ($pid == 0) {
        open STDOUT, '>', "$dir/out" or POSIX::_exit(127);
        open STDERR, '>&', \*STDOUT or POSIX::_exit(127);
        { no warnings; exec 'strace', '-o', "$dir/strace", '-e',
                            "trace=/^(rename|fsync)", '-e', "inject=$inject", @command; }
        POSIX::_exit(127);
    }

    return $pid;
}


# What is renamed is the new table, whatever comes after that.

once("begin\nset a.example hosted\nset b.example try\nend\n");

my @fault = ('strace', '-o', "$dir/strace", '-P', "$dir/t/", '-e',
             'inject=fsync:error=EIO', $helper, @once);
my ($status, undef, $err) = run("set a.example try\n", @fault);

is($status, 0, 'a folder that cannot be synced');
like($err, qr/^mta-sts: warning: .*\.changes" is written, but may be lost if the /m,
     '... is said');
is(mode('a.example'), 'testing', '... and the change is there');

SKIP: {
    skip 'root may write everywhere', 8 if $> != 0;

    my $open = tempdir(CLEANUP => 1);
    chmod 0755, $dir;
    chmod 0333, $open;
    my @user = ('setpriv', '--reuid=65534', '--regid=65534', '--clear-groups');
    ($status, undef, $err) = run('', @user, $helper, 'compile', '-d', "$dir/x.yaml",
                                 '-o', "$open/table");
    is($status, 1, 'a folder that cannot be opened');
    like($err, qr/open\(\) "\Q$open\E\/" failed/, '... is said');
    ok(!-e "$open/table", '... and nothing is written');
    ($status, undef, $err) = run("begin\nset a.example try\nend\n",
        @user, 'timeout', '60', $helper, 'follow', '-', '--once', '--table',
        "$open/table", '-d', $yaml);
    is($status, 3, '... also by follow');

    unlink "$open/table.lock";
    chmod 0755, $open;
    ($status, undef, $err) = run('', @user, $helper, 'follow', '-', '--once', '--table',
                                 "$open/table");
    is($status, 3, 'a folder that cannot be written to');
    like($err, qr/open\(\) "\Q$open\E\/table\.lock" failed \(13: /, '... is said');

    helper('compile', '-d', "$dir/x.yaml", '-o', "$open/table");
    chmod 0600, "$open/table";
    ($status, undef, $err) = run('', @user, $helper, 'follow', '-', '--once', '--table',
                                 "$open/table");
    is($status, 3, "a table of somebody else's");
    like($err, qr/open\(\) "\Q$open\E\/table" failed \(13: /, '... is said');
}

# --once ends when it cannot write

my @full = ('strace', '-o', "$dir/strace", '-e', 'inject=rename:error=ENOSPC');
($status, undef, $err) = run("begin\nset a.example off\nend\n", 'timeout', '60',
                             @full, $helper, @once);
is($status, 3, '--once that cannot write ends');
like($err, qr/^mta-sts: what was read last is not in the table$/m, '... and says so');


# Another process's table in the moment after ours is written: follow is stopped there.

for my $lines ("begin\nset a.example hosted\nset b.example try\nend\n",
               "set a.example hosted\n") {
    fresh();
    helper('compile', '-d', "$dir/x.yaml", '-o', $x);

    if ($lines !~ /begin/) {
        once("begin\nset a.example try\nset b.example try\nend\n");
    }

    my $before = (stat $table)[1] // 0;
    my $changes = (stat "$table.changes")[1] // 0;
    my $follow = follow();
    $follow->{before} = ['strace', '-D', '-f', '-o', "$dir/strace", '-e',
                         'inject=rename:signal=STOP:when=1'];
    {
        local $MtaSts::BUILD = $MtaSts::FAKED;
        $follow->start;
    }
    $follow->say($lines);
    ok(within(sub { ((stat $table)[1] // 0) != $before
                    || ((stat "$table.changes")[1] // 0) != $changes }),
       'a file is written');
    rename $x, $table or die $!;
    kill 'CONT', $follow->pid;
    becomes('a.example', 'enforce');
    is(mode('b.example'), 'testing', '... another one in its place is written over');
    is(mode('x.example'), 'absent', '... and is not used');
    like($follow->log, qr/table" was replaced by another process/, '... which is said');
    $follow->stop;
}


# Files that are removed while nothing else happens.

fresh();
once("begin\nset a.example try\nset b.example try\nend\n");
my $follow = follow()->start;
$follow->say("set a.example hosted\nset c.example try\n");
becomes('c.example', 'testing');
unlink "$table.changes" or die $!;
becomes('c.example', 'testing');
is(mode('a.example'), 'enforce', 'removed changes are written again');

unlink "$table.lock" or die $!;
ok(within(sub { -e "$table.lock" }), 'a removed lock is taken again');
ok(within(sub { (once(''))[2] =~ /another process follows/ }), '... by one only');
$follow->stop;


# One name, and the files of others.

symlink $table, "$dir/t/link";
($status, undef, $err) = helper('follow', '-', '--once', '--table', "$dir/t/link",
                                '-d', $yaml);
is($status, 1, 'a symbolic link');
like($err, qr/link" is a symbolic link: name the table itself/, '... is refused');

spew("$table.new-backup", 'mine');
once("set a.example try\n");
is(slurp("$table.new-backup"), 'mine', 'a file of somebody else stays');


# Two compile, and a follow that starts meanwhile.

fresh();
spew("$dir/c.yaml", "domains: {a.example: {mode: none}}\n");
helper('compile', '-d', "$dir/c.yaml", '-o', $table);

my $inode = (stat $table)[1];
my $pid = start('rename:delay_exit=1000000:when=1', $helper, 'compile', '-d',
                "$dir/c.yaml", '-o', $table);
ok(within(sub { (stat $table)[1] != $inode }), 'compile replaces a table');
spew("$dir/d.yaml", "domains: {a.example: {mode: none}, c.example: {mode: none}}\n");
is((helper('compile', '--changes', '-d', "$dir/d.yaml", '-o', $table))[0], 0,
   '... and another one makes changes');
waitpid $pid, 0;
is($?, 0, '... both');
is(mode('c.example'), 'none', '... which are there');

$pid = start('fsync:delay_enter=3000000:when=1', $helper, 'compile', '-d',
             "$dir/d.yaml", '-o', $table);
ok(within(sub { glob "$table.mta-sts-new-*" }), 'compile writes');
is((once("set b.example try\n"))[0], 0, '... and follow starts');
waitpid $pid, 0;
is($?, 0, '... both succeed');
is(mode('c.example') . ' ' . mode('b.example'), 'none testing', '... with all');

# one that waits for its input keeps nobody waiting

my $FIONREAD = 0x541b;

pipe my $in, my $out or die "pipe: $!";
$pid = fork // die "fork: $!";

if ($pid == 0) {
    close $out;
    open STDIN, '<&', $in or POSIX::_exit(127);
    open STDERR, '>', "$dir/out" or POSIX::_exit(127);
    exec $helper, 'compile', '-d', '-', '-o', "$dir/t/piped" or POSIX::_exit(127);
}

syswrite $out, "domains:\n" or die $!;
ok(within(sub { ioctl $in, $FIONREAD, my $n = pack 'i', 0; return unpack('i', $n) == 0 }),
   'compile reads standard input');
is((helper('compile', '-d', "$dir/d.yaml", '-o', "$dir/t/other"))[0], 0,
   '... and another one does not wait');
syswrite $out, "  a.example: {mode: none}\n" or die $!;
close $out;
waitpid $pid, 0;
is($?, 0, '... both succeed');
is_deeply([keys %{ table_of("$dir/t/piped") }], ['a.example'], '... with what was read');

done_testing;
