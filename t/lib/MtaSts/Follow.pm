package MtaSts::Follow;

# mta-sts follow as a daemon, and what its table says next to its source.
#
#   my $follow = MtaSts::Follow->new($dir, $url, @options)->start;
#   $follow->await_equal($db, 'after an insert');
#   $follow->kill; $follow->start; $follow->stop;
#
# Domains of a source whose table the tests compare have settings of their own.

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use Exporter qw(import);
use MtaSts qw(helper slurp spew within);
use POSIX ();
use Scalar::Util qw(weaken);
use Test::More;

our @EXPORT_OK = qw(within policies table_of);

my %alive;


# Policies that rows may name.

sub policies {
    my ($file) = @_;
    spew($file, "max_age: 2w\ntlsrpt_rua: mailto:tls\@hoster.example\npolicies:"
         . "\n  hosted: {mode: enforce, mx: [mx1.hoster.example, "
         . "mx2.hoster.example]}\n  try: {mode: testing, mx: mx1.hoster.example}"
         . "\n  off: {mode: none, mx: mx1.hoster.example}\n");
}


# What is in a table: domain => "mode id policy-name".

sub table_of {
    my ($table) = @_;
    return {} unless -e $table;

    my (undef, $out) = helper('list', '-d', $table);
    return { map { my @w = split ' '; $w[0] => join ' ', @w[2, 3, 5 .. $#w] }
             split /\n/, $out };
}


# The options may be others for the next start.

sub new {
    my ($class, $dir, $url, @options) = @_;

    return bless { owner => $$, dir => $dir, table => "$dir/table",
                   url => $url, options => \@options, before => [] }, $class;
}


sub table { return $_[0]{table} }
sub pid { return $_[0]{pid} }
sub log { return -e "$_[0]{dir}/follow.log" ? slurp("$_[0]{dir}/follow.log")
                                            : '' }

sub command {
    my ($self, @more) = @_;

    return (@{ $self->{before} }, "$MtaSts::BUILD/mta-sts", 'follow',
            $self->{url}, '--table', $self->{table}, @{ $self->{options} },
            @more);
}


# In the network of another process, if before says so; with a source of "-", say()
# is for its standard input.

sub start {
    my ($self) = @_;
    my @command = $self->command;
    my $in;

    if ($self->{url} eq '-') {
        pipe $in, $self->{out} or die "pipe: $!";
    } else {
        open $in, '<', '/dev/null' or die "/dev/null: $!";
    }

    $self->{pid} = fork // die "fork: $!";

    if ($self->{pid} == 0) {
        open STDIN, '<&', $in or POSIX::_exit(127);
        close $self->{out} if $self->{out};
        open STDOUT, '>>', "$self->{dir}/follow.log" or POSIX::_exit(127);
        open STDERR, '>&', \*STDOUT or POSIX::_exit(127);
        { no warnings; exec '/usr/bin/setpriv', '--pdeathsig', 'TERM', '--',
                            @command; }
        POSIX::_exit(127);
    }

    weaken($alive{ $self->{pid} } = $self);

    return $self;
}


sub say {
    my ($self, $text) = @_;
    local $SIG{PIPE} = 'IGNORE';

    while (length $text) {
        my $n = syswrite $self->{out}, $text or return;
        substr($text, 0, $n) = '';
    }
}


# Runs it once, as cron does; returns exit status and what it says.

sub once {
    my ($self, @more) = @_;
    my ($status, $out, $err) = MtaSts::run('', $self->command(@more,
                                                              '--once'));
    return ($status, $out . $err);
}


# Options with which it must fail: an exit status of 3, a message that matches
# and has no password in it, and no table.

sub refuses {
    my ($self, $what, $regex, @more) = @_;
    my ($status, $said) = $self->once(@more);

    is($status, 3, "refused: $what");
    like($said, $regex, '... with a message');
    unlike($said, qr/secret|Sanitizer|runtime error:/, '... without more');
    ok(!-e $self->{table}, '... and there is no table');
}


# Waits for a condition.

sub await {
    my ($self, $what, $code) = @_;
    ok(within($code), $what) or diag($self->log);
}


# From now on, a line of the log matches.

sub await_log {
    my ($self, $regex, $from) = @_;
    $self->await("the log has $regex", sub {
        return substr($self->log, $from // 0) =~ $regex;
    });
}


# The id of each domain of the table.

sub ids {
    my ($self) = @_;

    return {} unless -e $self->{table};
    my ($status, $out, $err) = helper('list', '-d', $self->{table});

    return { $out =~ /^(\S+)\s+\S+\s+\S+\s+(\S+)/mg };
}


sub body {
    my ($mode, $mx, $max_age) = @_;

    return join '', map { "$_\r\n" } 'version: STSv1', "mode: $mode",
        (map { "mx: $_" } split ' ', $mx), "max_age: $max_age";
}


# The same, as the source should have it.

sub source_ids {
    my ($db) = @_;
    my %ids;

    for (split /\n/, $db->sql('SELECT domain, mode, mx, max_age '
                              . 'FROM mta_sts_domains'))
    {
        my ($domain, @settings) = split /\t/;
        $ids{$domain} = substr sha256_hex(body(@settings)), 0, 20;
    }

    return \%ids;
}


# The domains that differ; those of the table that have left do not.

sub differ {
    my ($got, $want) = @_;
    return grep { ($got->{$_} // '') ne $want->{$_} } sort keys %$want;
}


sub await_equal {
    my ($self, $db, $what) = @_;
    my $want = source_ids($db);
    my @differ;

    $self->await("equal to the source: $what", sub {
        @differ = differ($self->ids, $want);
        return !@differ;
    });
    diag(scalar @differ . " differ: @differ[0 .. ($#differ > 9 ? 9
                                                  : $#differ)]") if @differ;
}


# Ends as systemd ends it; its memory is all in order.

sub stop {
    my ($self) = @_;
    my $pid = delete $self->{pid} or return;

    delete $alive{$pid};
    CORE::kill('TERM', $pid);
    CORE::kill('CONT', $pid);

    if (MtaSts::ended($pid)) {
        is($?, 0, 'follow ended with 0');
        unlike($self->log, qr/Sanitizer|runtime error:/, 'no sanitizer report');
        return;
    }

    CORE::kill('KILL', $pid);
    waitpid $pid, 0;
    fail('follow ended');
}


sub kill {
    my ($self) = @_;
    my $pid = delete $self->{pid} or return;
    local ($?, $!);

    delete $alive{$pid};
    CORE::kill('KILL', $pid);
    waitpid $pid, 0;
}


sub DESTROY { $_[0]->kill if $_[0]{owner} == $$ }

END { $_ && $_->{owner} == $$ && $_->kill for my @all = values %alive }


1;
