package MtaSts::Follow;

# mta-sts follow as a daemon: started, asked, ended.

use strict;
use warnings;

use Exporter qw(import);
use MtaSts;
use POSIX qw(:sys_wait_h);

our @EXPORT = qw(within policies table_of);


# Waits for a condition, which under load may take long.

sub within {
    my ($code) = @_;
    for (1 .. 600) {
        return 1 if $code->();
        select undef, undef, undef, 0.05;
    }
    return 0;
}


# The policies that rows name.

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


# Starts it in a folder; $opt{input}: a pipe is its input.  What it says is in
# DIR/log.

sub new {
    my ($class, $dir, $opt, @args) = @_;
    my $self = bless { dir => $dir, input => undef }, $class;
    my $read;

    if ($opt->{input}) {
        pipe($read, my $write) or die;
        $self->{input} = $write;
        $write->autoflush;
    }

    $self->{pid} = fork // die "fork: $!";

    if ($self->{pid} == 0) {
        %ENV = (%ENV, %{ $opt->{env} // {} });
        open STDIN, $read ? '<&' : '<', $read // '/dev/null' or die;
        open STDOUT, '>>', "$dir/log" or die;
        open STDERR, '>>', "$dir/log" or die;
        close $self->{input} if $self->{input};
        exec @{ $opt->{before} // [] }, "$MtaSts::BUILD/mta-sts-follow", @args;
    }

    return $self;
}


sub say {
    my ($self, @lines) = @_;
    local $SIG{PIPE} = 'IGNORE';
    print { $self->{input} } map { "$_\n" } @lines;
}


sub log_of { return -e "$_[0]{dir}/log" ? slurp("$_[0]{dir}/log") : '' }


# Ends it; returns the status of wait().

sub stop {
    my ($self, $signal) = @_;
    my $pid = delete $self->{pid} or return;

    close delete $self->{input} if $self->{input};
    kill $signal // 'TERM', $pid;
    waitpid $pid, 0;
    return $?;
}


sub ended { return waitpid($_[0]{pid}, WNOHANG) == $_[0]{pid} }


sub DESTROY {
    my ($self) = @_;
    local $?;
    $self->stop('KILL');
}


1;
