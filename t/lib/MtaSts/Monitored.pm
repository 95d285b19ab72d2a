package MtaSts::Monitored;

# Three domains to be monitored, in a network of their own: a good one; one whose
# certificates are a fault and nearly one; and one that this machine cannot reach.  And
# what monitors them: the commands of the documents, and programs that run until the
# test ends.

use strict;
use warnings;

use MtaSts;
use MtaSts::World;
use POSIX ();
use Test::More;


# After enter_world().

sub new {
    my ($class) = @_;
    my $world = MtaSts::World->new;
    my $dir = $world->dir;
    my $self = bless { owner => $$, world => $world, dir => $dir, pids => {},
                       state => "$dir/state" }, $class;

    $ENV{PATH} .= ':/usr/sbin:/sbin';
    mkdir "$dir/$_" for qw(state bin);

    $self->{web} = $world->cert('web', ['mta-sts.good.example', 'mta-sts.away.example']);
    $self->{ends} = $world->cert('ends', ['mta-sts.bad.example'], to => 1);
    my $mail = $world->cert('mail', ['mx.good.example']);

    spew("$dir/domains.yaml", <<'EOC');
mode: enforce
tlsrpt_rua: mailto:tls-reports@reports.example
domains:
  good.example: {mx: mx.good.example}
  bad.example: {mx: mx.bad.example}
  away.example: {mx: mx.good.example}
EOC

    my (undef, $records) = helper('records', '-d', "$dir/domains.yaml");

    $world->dns(<<"EOC", [], []);
good MX 10 mx.good
bad MX 10 mx.bad
away MX 10 mx.good
mx.good A 192.0.2.10
mx.bad A 192.0.2.10
mta-sts.good A 192.0.2.1
mta-sts.bad A 192.0.2.1
mta-sts.away A 198.51.100.1
$records
EOC

    $world->postfix('192.0.2.10' => ["smtpd_tls_chain_files=$mail.key,$mail.pem"]);
    $self->{nginx} = $world->nginx($self->conf($self->{ends}));
    $self->wrap;

    return $self;
}


# What is in http, with a certificate for the policy host of bad.example.

sub conf {
    my ($self, $cert) = @_;
    return "mta_sts_state $self->{state};\n" . join '', map {
        web($_->[0], $_->[1], "mta_sts_domains $self->{dir}/domains.yaml;") }
        ['mta-sts.good.example mta-sts.away.example', $self->{web}],
        ['mta-sts.bad.example', $cert];
}


# The policy host of bad.example gets a certificate that does not name it.

sub break {
    my ($self) = @_;
    $self->{nginx}->conf("server { listen 127.0.0.1:%%PORT0%%; }\n"
                         . $self->conf($self->{web}));
    return $self->{nginx}->reload;
}


sub dir { return $_[0]{dir} }
sub state { return $_[0]{state} }


# The programs of the ordinary build, and those that are tested.

sub plain { return "$MtaSts::PLAIN/mta-sts" }

sub ours {
    return $MtaSts::BUILD =~ m{^/} ? "$MtaSts::BUILD/mta-sts"
                                   : "$ENV{PWD}/$MtaSts::BUILD/mta-sts";
}

# What begins a command whose clock is some days late.

sub past {
    my ($self, $days) = @_;
    my ($library) = glob '/usr/lib/*/faketime/libfaketime.so.1';
    return ('env', "LD_PRELOAD=$library", "FAKETIME=-${days}d", 'DONT_FAKE_MONOTONIC=1');
}


# mta-sts as the documents call it, with the network of the test and the clock of $AGO;
# one run at a time, each with a line in "runs".  cron's environment is its own.

sub wrap {
    my ($self) = @_;
    my ($dir, $state, $world) = @$self{qw(dir state world)};
    my $conf = $self->{nginx}->dir . '/nginx.conf';
    my $exports = join "\n", map { "export $_='$ENV{$_}'" }
                  grep { /SAN_OPTIONS$/ } keys %ENV;
    my $past = join ' ', $self->past('${AGO}');

    spew("$dir/bin/mta-sts", <<"EOC");
#!/bin/sh
$exports
command=\$1
shift
program=@{[$self->ours]}
[ -z "\${AGO:-}" ] || program="$past @{[$self->plain]}"

case \$command in
    check)   set -- -c $conf --resolver @{[$world->resolver]} --ca @{[$world->ca]} "\$@" ;;
    plan)    set -- -c $conf "\$@" ;;
    reports) set -- "\$@" -c $conf --state $state ;;
    follow)  set -- "\$@" --table $dir/table -d $dir/policies.yaml --once ;;
esac

flock $dir/lock \$program "\$command" "\$@"
status=\$?
echo "\$command" >> $dir/runs
exit \$status
EOC

    chmod 0755, "$dir/bin/mta-sts";
}


# Runs a command of a document, some days ago; returns what run() does.

sub command {
    my ($self, $text, $ago) = @_;
    local $ENV{PATH} = "$self->{dir}/bin:$ENV{PATH}";
    local $ENV{AGO} = $ago // '';
    return run('', 'sh', '-c', $text);
}


# A program that runs until halt(), or the test ends.

sub daemon {
    my ($self, $name, @command) = @_;
    my $pid = fork // die "fork: $!";

    if ($pid == 0) {
        open STDIN, '<', '/dev/null' or die;
        open STDOUT, '>', "$self->{dir}/$name.log" or die;
        open STDERR, '>&', \*STDOUT or die;
        exec @command or POSIX::_exit(127);
    }

    $self->{pids}{$name} = $pid;
}


sub halt {
    my ($self, @names) = @_;

    for my $name (@names ? @names : keys %{ $self->{pids} }) {
        my $pid = delete $self->{pids}{$name} or next;
        kill 'TERM', $pid;
        waitpid $pid, 0;
    }
}


# Asks again until there is an answer, for two minutes; returns it, or fails with what
# the programs said.

sub await {
    my ($self, $what, $ask) = @_;

    my $answer = within($ask, 120);
    return $answer if $answer;

    fail($what);
    diag(map { "$_: " . slurp("$self->{dir}/$_.log") } sort keys %{ $self->{pids} });
    return;
}


sub end {
    my ($self) = @_;
    return unless $self->{owner} == $$;
    $self->halt;
    my $world = delete $self->{world} or return;
    $world->stop;
}


sub DESTROY { local $?; $_[0]->end }


1;
