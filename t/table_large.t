#!/usr/bin/perl

# A worker verifies all of a newer table, piece by piece, before it uses it: a large
# one that is damaged anywhere is logged once and never served, requests are answered
# meanwhile, and what is replaced or stopped meanwhile does no harm.

use strict;
use warnings;

use lib 't/lib';
use MtaSts;
use Test::More;

my $DOMAINS = 200_000;
my $PIECE = 2 * 1024 * 1024;

my $nginx = MtaSts->new('');
my $dir = $nginx->dir;
my $table = "$dir/d.table";
my ($first, $last) = ('d0.example', "d$DOMAINS.example");

# a policy is known by its only mx

sub compiled {
    my ($mx) = @_;
    spew("$dir/d.yaml", "policies: {p: {mx: $mx.example}}\ndomains:\n"
         . join '', map { "  d$_.example: p\n" } 0 .. $DOMAINS);
    my @result = helper('compile', '-d', "$dir/d.yaml", '-o', "$dir/$mx.new");
    is("@result", '0  ', 'compile');
    return slurp("$dir/$mx.new");
}

sub place {
    my ($bytes) = @_;
    spew("$dir/new", $bytes);
    rename "$dir/new", $table or die "$table: $!";
}

sub mx {
    my ($domain) = @_;
    my ($head, $body) = split_response($nginx->get(0, "mta-sts.$domain"));
    return $body =~ /^mx: (\w+)\.example\r$/m ? $1 : ($head =~ / (\d+) /)[0];
}

sub both { return mx($first) . ' ' . mx($last) }
sub logged { return $nginx->logged(qr/\Q$_[0]\E/) }

# Waits until it is so for what is served, and says what was served until then.

sub seen {
    my ($code) = @_;
    my %seen;
    my $so = within(sub {
        my @now = map { mx($_) } $last, $first;
        @seen{@now} = ();
        return $code->(@now);
    });
    return join ' ', sort keys %seen if $so;
}

my %table = map { $_ => compiled($_) } qw(one two three);

cmp_ok(length $table{one}, '>', 2 * $PIECE, 'a table of several pieces');
place($table{one});
$nginx->conf('server { listen 127.0.0.1:%%PORT0%%; server_name mta-sts.*; '
             . 'mta_sts_domains d.table; }');
$nginx->start;
is(both(), 'one one', 'is served');

place($table{two});
like(seen(sub { "@_" eq 'two two' }), qr/^(?:one )?two$/, 'a newer one follows');


# One that is damaged in its first piece, in a middle one, and in its last byte

my $count = 0;

for my $at (5000, int 1.5 * $PIECE, -1) {
    my $bad = $table{three};
    substr($bad, $at, 1) = chr(ord(substr $bad, $at, 1) ^ 1);
    place($bad);
    $count++;
    is(seen(sub { logged('is damaged, the old table is kept') == $count }), 'two',
       "one with another byte at $at is not used");
    is((helper('list', '-d', $table))[0], 1, '... nor by the helper');
}

for (1 .. 2) {
    $nginx->next_second;
    is(both(), 'two two', '... later');
}

is(logged('is damaged, the old table is kept'), $count, '... and is logged once');


# Replaced while it is verified, more often than a worker looks

place($table{$_}) for ((qw(three one two)) x 5, 'three');
like(seen(sub { "@_" eq 'three three' }), qr/^(?:one )?three(?: two)?$/,
     'many tables, one after the other');

place($table{one});
$nginx->next_second;
mx($first);
unlink $table;
ok(within(sub { mx($first); logged('open() "' . $table . '" failed') }),
   'a table that is removed');
like(both(), qr/^(?:three three|one one)$/, '... is served on');


# A worker that had nothing to do has an old table, and serves nothing of it; nor does
# one that takes the place of another, and begins with that of the configuration

place($table{two});
sleep 3;
is(both(), 'two two', 'another table, and an idle worker');

for (1 .. 3) {
    my ($worker) = $nginx->children;
    kill 'KILL', $worker;
    ok(within(sub { grep { $_ != $worker } $nginx->children }), 'a new worker');
    is(mx($last), 'two', '... serves it at once');
}


# Neither a reload nor the end waits for it

for my $what ('HUP', 'end') {
    my $before = logged('is in use');
    place($table{$what eq 'end' ? 'three' : 'one'});
    $nginx->next_second;
    mx($first);

    if ($what eq 'HUP') {
        ok($nginx->reload, 'a reload');
        is(both(), 'one one', '... serves the newer one');
    }
}

$nginx->stop('exited on signal 9');

done_testing();
