package MtaSts::Story;

# What happens to mta-sts follow with any database server: what is wrong with a source
# is said with what to do; what is committed gets into the table, also when it was
# deleted, or commits after what began later; a server that is stopped, killed or
# frozen costs nothing but time.
#
#   my $story = MtaSts::Story->new($db, $url, %dialect);
#   $story->once->refuses(...);
#   $story->queries([...]); $story->urls([...]); $story->secrets(...);
#   $story->changes($follow); $story->late($follow); $story->outages($follow);
#   $story->frozen;
#
# The dialect: name, as errors begin; of changes, the parameter; what is said of a
# column that is not there, a query that writes, two queries, and a server that is
# frozen; and upserts.

use strict;
use warnings;

use File::Temp qw(tempdir);
use MtaSts::Follow;
use Test::More;


sub new {
    my ($class, $db, $url, %dialect) = @_;
    return bless { %dialect, db => $db, url => $url, run => 0,
                   dir => tempdir(CLEANUP => 1) }, $class;
}


sub dir { return $_[0]{dir} }


# A follow with a table of its own; and the one that is only started to be refused.

sub follow {
    my ($self, @options) = @_;
    my $dir = "$self->{dir}/" . ++$self->{run};
    mkdir $dir;
    return MtaSts::Follow->new($dir, $self->{url}, @options);
}

sub once {
    my ($self) = @_;
    return $self->{once} //= $self->follow;
}


sub insert {
    my (@domains) = @_;
    return 'INSERT INTO mta_sts_domains (domain, mode, mx, max_age) VALUES '
        . join ', ', map { "('$_', 'enforce', 'mx1.$_ mx2.$_', '86400')" }
          @domains;
}


# Queries that cannot be, and more of them: what, regex, options.

sub queries {
    my ($self, @more) = @_;
    my $changes = "SELECT domain FROM mta_sts_domains WHERE domain > $self->{parameter}";

    $self->once->refuses(@$_) for (
        ['a column that is not there', $self->{no_column},
         '--query', 'SELECT x AS domain FROM mta_sts_domains'],
        ['a column of another name',
         qr/unknown column "customer".*leave it out, or name it with AS/,
         '--query', 'SELECT domain, 1 AS customer FROM mta_sts_domains'],
        ['no domain', qr/no column "domain": name one with AS domain/,
         '--query', 'SELECT mode FROM mta_sts_domains'],
        ['changes without a cursor', qr/no column "cursor".*AS "cursor"/,
         '--query', 'SELECT domain FROM mta_sts_domains', '--changes', $changes],
        ['a query that writes', $self->{writes},
         '--query', 'DELETE FROM mta_sts_domains'],
        ['no query', qr/gives no rows, must be a SELECT/, '--query', 'COMMIT'],
        ['two queries', $self->{two_queries},
         '--query', 'SELECT 1 AS domain; DROP TABLE mta_sts_domains'], @more);
}


# URLs of servers and databases that are not there, each with a regex.

sub urls {
    my ($self, @urls) = @_;

    for (@urls) {
        my ($url, $regex) = @$_;
        local $self->once->{url} = $url;
        $self->once->refuses($url, $regex);
    }
}


# URLs with the password "secret", and such as nobody understands.

sub secrets {
    my ($self, @urls) = @_;

    for (@urls) {
        local $self->once->{url} = $_;
        my ($status, $said) = $self->once->once;
        is($status, 2, 'a URL that is refused');
        unlike($said, qr/secret/, '... not with the password');
        like($said, qr/a password must not be in the URL|invalid URL of a source/,
             '... with the reason');
    }

    is($self->{db}->sql('SELECT count(*) FROM mta_sts_domains'), 0,
       'nothing was changed');
}


# Changes, found with a cursor: the table is empty in the beginning.

sub changes {
    my ($self, $follow) = @_;
    my $db = $self->{db};

    $follow->await('an empty table', sub { -e $follow->table });
    $db->sql(insert('a.example', 'b.example', 'c.example'));
    $follow->await_equal($db, 'rows in an empty table');

    $db->sql("UPDATE mta_sts_domains SET mode = 'testing', max_age = '1d' "
             . "WHERE domain = 'a.example'");
    $db->sql("UPDATE mta_sts_domains SET max_age = '90000' "
             . "WHERE domain = 'a.example'");
    $follow->await_equal($db, 'an update');

    $db->sql("DELETE FROM mta_sts_domains WHERE domain = 'b.example'; "
             . insert('d.example'));
    $follow->await_equal($db, 'a deletion and an insertion');
    $follow->await_log(qr/b\.example/);

    $db->sql("UPDATE mta_sts_domains SET domain = 'e.example', mx = 'e.example' "
             . "WHERE domain = 'd.example'");
    $follow->await_equal($db, 'a domain that is renamed');

    $db->sql($_) for @{ $self->{upserts} };
    $follow->await_equal($db, 'domains that are replaced');
}


# A transaction that began before others and commits after them.

sub late {
    my ($self, $follow) = @_;
    my $db = $self->{db};
    my $late = $db->session;

    $late->sql('BEGIN');
    $late->sql(insert('late1.example'));
    $late->sql('SAVEPOINT s');
    $late->sql(insert('late2.example'));
    $db->sql(insert('early.example'));
    $follow->await_equal($db, 'what was committed first');
    ok(!grep(/late/, keys %{ $follow->ids }), '... and nothing else');
    $late->sql('COMMIT');
    $follow->await_equal($db, 'what began first');
    ok(exists $follow->ids->{'late2.example'}, '... all of it');

    $late->sql('BEGIN');
    $late->sql(insert('never.example'));
    $late->sql('ROLLBACK');
    $db->sql(insert('after.example'));
    $follow->await_equal($db, 'after a transaction that was rolled back');
    ok(!exists $follow->ids->{'never.example'}, '... nothing of it');
}


# The server is restarted and killed.

sub outages {
    my ($self, $follow) = @_;
    my $db = $self->{db};

    $db->stop;
    $follow->await_log(qr/$self->{name}: /);
    $db->start;
    $db->sql(insert('stopped.example'));
    $follow->await_equal($db, 'after a restart of the server');

    $db->crash;
    $db->start;
    $db->sql(insert('killed.example'));
    $follow->await_equal($db, 'after the server was killed');
}


# A server that is frozen while it is asked is noticed.

sub frozen {
    my ($self) = @_;
    my $db = $self->{db};
    my $follow = $self->follow('--every', '1s', '--timeout', '2s')->start;

    $follow->await_equal($db, 'before the server is frozen');
    my $ids = $follow->ids;
    $db->freeze;
    $follow->await_log(qr/$self->{name}: $self->{frozen}/);
    is_deeply($follow->ids, $ids, 'the table is as it was');
    $db->thaw;
    $db->sql(insert('frozen.example'));
    $follow->await_equal($db, 'after the server was frozen');
    $follow->stop;
}


1;
