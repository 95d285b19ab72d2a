#!/usr/bin/perl

# A table that is replaced while nginx runs: the names of servers stay in effect,
# nothing hides a newer table, changes are never missing while both files are
# replaced, and the workers' user can read both.

use strict;
use warnings;

use lib 't/lib';
use MtaSts;
use Test::More;

my $nginx = MtaSts->new('');
my $dir = $nginx->dir;

mkdir "$dir/t";
mkdir "$dir/other";

my $table = "$dir/t/d.table";

# a policy is known by its only mx

sub compile {
    my ($to, $default, %mx) = @_;
    spew("$dir/d.yaml", 'policies: {' . join(', ', map { "p$_: {mx: $_.example}" }
        sort values %{{ map { $_ => $_ } values %mx, $default || () }})
        . '}' . join('', "\ndomains: {", join(', ', map { "$_: p$mx{$_}" }
        sort keys %mx), "}\n") . ($default ? "default: p$default\n" : ''));
    my @result = helper('compile', $to =~ s/\.changes$// ? '--changes' : (),
                        '-d', "$dir/d.yaml", '-o', $to);
    is("@result", '0  ', 'compile');
}

sub mx {
    my ($domain, $n) = @_;
    my ($head, $body) = split_response($nginx->get($n // 0, "mta-sts.$domain"));
    return $body =~ /^mx: (\w+)\.example\r$/m ? $1 : ($head =~ / (\d+) /)[0];
}

sub soon { my ($what, $code) = @_; return ok(within($code), $what) }
sub logged { return $nginx->logged(qr/\Q$_[0]\E/) }


# A default policy is for the hosts that a name matches, in each table.

compile($table, 'one', 'a.example' => 'two');
$nginx->conf(<<'EOC');
server { listen 127.0.0.1:%%PORT0%%; server_name mta-sts.b.example;
    mta_sts_domains t/d.table; }
server { listen 127.0.0.1:%%PORT1%%; server_name mta-sts.*;
    mta_sts_domains t/d.table; }
EOC
$nginx->start;

sub served {
    return join ' ', map { mx($_) . '/' . mx($_, 1) }
           qw(a.example b.example c.example);
}

is(served(), 'two/two one/one 404/one', 'a default policy');
compile($table, 'three', 'a.example' => 'two', 'n.example' => 'two');
soon('a newer table', sub { mx('n.example') eq 'two' });
is(served(), 'two/two three/three 404/three', '... has another');
compile($table, '', 'a.example' => 'two');
soon('a table without', sub { mx('n.example') eq '404' });
is(served(), 'two/two 404/404 404/404', '... one');
compile($table, 'one', 'a.example' => 'four');
soon('and one again', sub { mx('a.example') eq 'four' });
is(served(), 'four/four one/one 404/one', '... with it');


# The same size, inode and second: only the contents differ.  The file that is
# written to is none that is mapped.

my $now = time;

sub overwrite {
    my ($bytes) = @_;
    open my $fh, '+<:raw', $table or die;
    print $fh $bytes;
    close $fh;
    utime $now, $now, $table;
}

compile("$dir/other/d.table", 'one', 'a.example' => 'nine');
spew("$dir/other/bad", substr(slurp("$dir/other/d.table"), 0, -1) . 'x');
compile("$dir/other/d.table", 'one', 'a.example' => 'five');
my $good = slurp("$dir/other/d.table");
utime $now, $now, "$dir/other/bad";
rename "$dir/other/bad", $table;

my $inode = (stat $table)[1];
soon('a damaged table', sub { mx('a.example');
                              logged('is damaged, the old table is kept') });
is(mx('a.example'), 'four', '... is not used');
overwrite($good);
is((stat $table)[1], $inode, 'another one with its inode, size and time');
soon('... is used', sub { mx('a.example') eq 'five' });


# A table and its changes are replaced, and a worker looks in between.

my %first = ('a.example' => 'one', 'b.example' => 'one');
my %second = (%first, 'n.example' => 'two');
my %third = (%second, 'a.example' => 'three');

compile($table, '', %first);
compile("$table.changes", '', %second);
soon('changes', sub { mx('n.example') eq 'two' });

compile("$dir/other/d.table", '', %second);
compile("$dir/other/d.table.changes", '', %third);

my $before = logged('is in use');

rename "$dir/other/d.table.changes", "$table.changes";
soon('the changes of a newer table are seen first',
     sub { mx('n.example'); logged('is in use') > $before });
is(mx('n.example'), 'two', '... the old ones are kept');
is(mx('a.example'), 'one', '... and no newer one is used');

rename "$dir/other/d.table", $table;
soon('the newer table comes', sub { mx('a.example') eq 'three' });
is(mx('n.example'), 'two', '... with all');

unlink "$table.changes";
soon('changes that are removed by hand', sub { mx('a.example') eq 'one' });

# a newer table that cannot be used takes no changes away

compile("$table.changes", '', %third);
soon('changes again', sub { mx('a.example') eq 'three' });
$good = slurp($table);
spew("$dir/other/bad", substr $good, 0, 1000);
rename "$dir/other/bad", $table;
unlink "$table.changes";
soon('a truncated table without changes', sub {
    mx('a.example'); logged('is truncated, the old table is kept') });
$nginx->next_second;
is(mx('a.example'), 'three', '... leaves the old one with its changes');

# ... nor hides what is new in them

unlink $table;
compile($table, '', %first);
soon('a table', sub { mx('a.example') eq 'one' && mx('n.example') eq '404' });
compile("$table.changes", '', %second);
rename "$table.changes", "$dir/other/changes";
spew("$dir/other/bad", substr slurp($table), 0, 1000);
rename "$dir/other/changes", "$table.changes";
rename "$dir/other/bad", $table;
soon('changes of a table in whose place is a truncated one',
     sub { mx('n.example') eq 'two' });
unlink $table, "$table.changes";
compile($table, '', %third);
soon('the table', sub { mx('a.example') eq 'three' });

# changes that cannot be used do not keep a newer table away

compile("$dir/other/d.table", '', 'a.example' => 'six');
spew("$table.changes", 'x' x 2000);
rename "$dir/other/d.table", $table;
soon('a newer table with damaged changes', sub { mx('a.example') eq 'six' });
is(logged('is not a table, the table is used without changes'), 1,
   '... which are logged once');
unlink "$table.changes";

# a newer table for which there is no memory now is used when there is some

my ($worker) = $nginx->children;
my ($kb) = slurp("/proc/$worker/status") =~ /^VmSize:\s*(\d+) kB/m;

sub limit { is((run('', 'prlimit', '--pid', $worker, "--as=$_[0]"))[0], 0, 'prlimit') }

limit(1024 * ($kb + 4096) . ':');
compile($table, '', 'a.example' => 'seven', map { ("d$_.example" => 'one') } 1 .. 200_000);
soon('a table for which there is no memory', sub {
    mx('a.example'); logged('mmap() "') && logged('the old table is kept') });
is(mx('a.example'), 'six', '... is not used');
limit('unlimited:');
soon('... is used when there is some', sub { mx('a.example') eq 'seven' });
compile($table, '', %first);

$nginx->stop;


# The workers' user.

SKIP: {
    skip 'only as root', 9 if $>;

    my $user = slurp("$dir/nginx.conf") =~ s/user root;/user nobody nogroup;/r;
    my $said = qr/table "\Q$table\E\S*" cannot be read by the workers' user "nobody"/;

    compile($table, '', %first);
    spew("$dir/nginx.conf", $user);
    is(($nginx->test)[0], 0, 'a table that the workers can read');
    is(($nginx->nginx('-t', 'setpriv', '--groups', join ',', 1 .. 300))[0], 0,
       '... as a master in many groups finds');

    chmod 0600, $table;
    like(($nginx->test)[1], $said, '... that they cannot');
    chmod 0644, $table;

    umask 077;
    compile("$table.changes", '', %second);
    umask 022;
    like(($nginx->test)[1], $said, '... whose changes they cannot');
    chmod 0644, "$table.changes";
    is(($nginx->test)[0], 0, '... that they can');
    unlink "$table.changes";

    chmod 0700, "$dir/t";
    like(($nginx->test)[1], $said, '... in a folder that they cannot enter');
    chmod 0755, "$dir/t";

    chmod 0600, $table;
    spew("$dir/nginx.conf", $user =~ s/user nobody nogroup;/user root;/r);
    is(($nginx->test)[0], 0, 'workers that are root');
}

done_testing();
