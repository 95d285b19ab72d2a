#!/usr/bin/perl

# A small file system that fills up while a table is compiled: the old table
# stays, nothing is left aside, and nginx serves on.

use strict;
use warnings;

use lib 't/lib';
use File::Temp qw(tempdir);
use MtaSts;
use Test::More;

plan skip_all => 'only root can mount a file system' if $>;

my $disk = tempdir(CLEANUP => 1);
my $table = "$disk/d.table";
my $nginx = MtaSts->new('server { listen 127.0.0.1:%%PORT0%%; '
    . "server_name mta-sts.*; mta_sts_domains $table; }");
my $yaml = $nginx->dir . '/d.yaml';

is(system('mount', '-t', 'tmpfs', '-o', 'size=128k,mode=755', 'tmpfs', $disk), 0,
   'a small disk');

END { system 'umount', '-l', $disk if $disk }

sub compile {
    my ($n, $mx, @options) = @_;
    spew($yaml, "policies: {p: {mx: $mx.example}}\ndomains:\n"
         . join '', map { "  d$_.example: p\n" } 1 .. $n);
    return helper('compile', @options, '-d', $yaml, '-o', $table);
}

sub mx {
    my ($head, $body) = split_response($nginx->get(0, 'mta-sts.d7.example'));
    return $body =~ /^mx: (\w+)\.example\r$/m ? $1 : $head;
}

sub files { return join ' ', sort map { s/.*\///r } glob "$disk/*" }

# a failure at each page that can be the first one for which there is no room

sub fails {
    my ($what, $n, @options) = @_;
    my $old = slurp($table);
    my $changes = -e "$table.changes" ? slurp("$table.changes") : '';

    my ($status, $out, $err) = compile($n, 'two', @options);
    is("$status$out", '1', "$what: fails");
    like($err, qr/^mta-sts: write\(\) "\Q$table\E\S*" failed \(28: /, '... says why');
    is(slurp($table), $old, '... the table stays');
    is(-e "$table.changes" ? slurp("$table.changes") : '', $changes,
       '... and its changes');
    unlike(files(), qr/\.\w{6}(?: |$)/, '... nothing is left aside');
}

is((compile(800, 'one'))[0], 0, 'a table');
$nginx->start;
is(mx(), 'one', '... is served');

is((compile(800, 'six', '--changes'))[0], 0, 'changes of all of it');
ok(within(sub { mx() eq 'six' }), '... are served');

fails('a large table', 20_000);
fails('large changes', 20_000, '--changes');

# with a file that leaves one page more each time

my $room = (split ' ', (run('', 'df', '-k', $disk))[1])[-3];

for my $pages (0 .. 5) {
    spew("$disk/other", 'x' x ($room * 1024 - $pages * 4096));
    fails("$pages pages", 800);
}

is(mx(), 'six', 'nginx serves what it has');
is(($nginx->test)[0], 0, '... and could start with it');

unlink "$disk/other";
is((compile(800, 'two'))[0], 0, 'when there is room again');
ok(within(sub { mx() eq 'two' }), '... the next one is served');

$nginx->stop;
done_testing();
