#!/usr/bin/perl

# nginx and the helper are handed thousands of random configurations.  Both
# accept one or both refuse it, in the same words and at the same place; and of
# what is accepted nginx sends for every host on every address just what the
# helper says, be it a policy's bytes or none.  The same with domains files.
#
# They are the same each time, so that no change is blamed for what chance has
# brought; another MTA_STS_TEST_SEED brings others, and the one that a failure is
# printed with has it as its first case.  MTA_STS_TEST_CASES is how many of each.
#
# Left out is what docs/reference.md says under "Limits": what nginx alone knows of
# its other directives, and a domain with different policies in two servers,
# which nginx warns of and the helper refuses.

use strict;
use warnings;

use lib 't/lib';
use File::Basename qw(dirname);
use File::Path qw(make_path remove_tree);
use MtaSts;
use MtaSts::Brief;
use MtaSts::Parity;
use MtaSts::Random;
use MtaSts::Random::Conf;
use MtaSts::Random::Yaml;
use Storable qw(nstore retrieve);
use Test::More;

use constant { JOBS => 2, SERVED_TOGETHER => 40, SHOWN => 3 };

# under a sanitizer each process takes several times as long

my $asan = slurp("$MtaSts::BUILD/mta-sts") =~ /__asan_init/;
my $cases = $ENV{MTA_STS_TEST_CASES}
    // ($ENV{MTA_STS_TEST_SLOW} ? 2000 : 200) / ($asan ? 5 : 1);

my $load = main_level('master_process off; pid logs/nginx.pid; '
                      . 'error_log logs/error.log info;');


# What a job has seen: numbers by name, what is wrong, and the case it is at.

my (%count, @wrong, $case);


# What is wrong with a case, with all that a stranger needs to see it again.

sub wrong {
    my ($case, $what, @said) = @_;
    my $text = "$what\nMTA_STS_TEST_SEED=$case->{n} has it as its first case "
        . "of $case->{kind}\n";

    for my $file (sort keys %{ $case->{files} }) {
        my $inside = $case->{files}{$file};
        $inside =~ s/([^\n -~])/sprintf '\\x%02x', ord $1/ge;
        $text .= "---- $file\n$inside\n";
    }

    $text .= "---- said\n$_\n" for @said;
    push @wrong, $text;

    return;
}


# The helper; a sanitizer's report is wrong whatever it was run for.

sub asked {
    my ($case, @args) = @_;
    my $in = ref $args[0] ? ${ shift @args } : '';
    my ($rc, $out, $err) = run($in, "$MtaSts::BUILD/mta-sts", @args);

    wrong($case, "mta-sts @args ends with $rc", $err)
        if $rc > 1 || $err =~ /Sanitizer|runtime error:/;

    return ($rc, $out, $err);
}


sub write_files {
    my ($case, $nginx, $base) = @_;
    my $files = $case->{files};

    for my $file (sort keys %$files) {
        $files->{$file} =~ s/%%DIR%%/$base/g;
        $files->{$file} =~ s/%%A(\d)%%/$nginx->{addresses}[$1]/g;
        make_path(dirname("$base/$file"));
        spew("$base/$file", $files->{$file});
    }
}


# Both refuse, or should.

sub compare_refusal {
    my ($case, $said, $rc, $err) = @_;
    my $what = refusals_differ($said, $rc, $err, $case->{spread});

    $count{ $what // 'same_reason' }++ if ($what // 'foreign') eq 'foreign';
    wrong($case, $what, "nginx:   $said\nmta-sts: $err")
        if ($what // 'foreign') ne 'foreign';

    return;
}


# The verdicts of both.  Returns the list if both accept, else nothing.

sub compare_verdicts {
    my ($case, $nginx, @list) = @_;
    my $option = chance(0.1) ? '-T' : '-t';
    my ($status, $out, $said) = $nginx->nginx($option);
    my ($rc, $list, $err) = asked($case, 'list', @list);
    my $both = "nginx:   $said\nmta-sts: $err";

    $case->{conflicting} = $said =~ /conflicting server name/;
    $count{compared}++;
    $count{$status == 0 ? 'accepted' : 'refused'}++;

    return compare_refusal($case, $said, $rc, $err) if $status != 0;

    if ($rc != 0) {
        $count{conflicts}++;
        return $err =~ /: domain ".*" has another policy at /
            ? undef : wrong($case, 'only mta-sts refuses', $both);
    }

    my ($theirs, $ours) = warnings_of($list[0] eq '-d', $said, $err);
    wrong($case, 'other warnings', $both)
        if $theirs ne $ours && !$case->{damaged};

    if ($option eq '-T') {
        my (undef, $again, $more) = asked($case, \$out, 'list', '-c', '-');
        my $first = $list[0] eq '-c' ? $list
                                     : (asked($case, 'list', '-c', $nginx->dir
                                              . '/nginx.conf'))[1];
        wrong($case, 'another list from nginx -T', $first, "$again$more")
            if $again ne $first;
    }

    return $list;
}


# The id that nginx must send for a host on an address, by what the helper says
# of the server that nginx chooses; see random_conf().

sub expected {
    my ($case, $address, $host) = @_;
    my $server = chosen($case, $address, $host);
    my ($domain) = $host =~ /^mta-sts\.(.+)/ or return 'none';

    return 'none' if ($server->{enabled} // $case->{enabled} // 'on') eq 'off';

    return $server->{ids}{$domain} // $server->{ids}{'*'} // 'none'
        if $server->{kind} eq 'file';

    return 'none' if $server->{kind} ne 'own' && !$case->{http_mx};

    return $case->{ids}{$domain} // 'none'
        if grep { $_ eq $host || $_ eq ".$host" } @{ $server->{names} };

    return $server->{fallback} // 'none';
}


# Tells each server what the helper knows of it.

sub learn {
    my ($case, $nginx, @fallbacks) = @_;

    for my $server (@{ $case->{servers} }) {
        next if ($server->{enabled} // $case->{enabled} // 'on') eq 'off';

        if ($server->{kind} eq 'file') {
            my $file = $server->{file} =~ s/^%%DIR%%/$nginx->dir/er;
            $file = $nginx->dir . "/$file" if $file !~ m{^/};
            ($server->{ids}) = listed((asked($case, 'list', '-d', $file))[1]);
            push @{ $case->{asked} }, keys %{ $server->{ids} };

        } elsif (($server->{kind} eq 'own' || $case->{http_mx})
                 && grep { /^[~.*]|\.\*$/ } @{ $server->{names} }) {
            $server->{fallback} = shift @fallbacks;
        }
    }

    wrong($case, 'more policies for other hosts than servers') if @fallbacks;
}


# A host as a client may write it.

sub as_written {
    my ($host) = @_;
    $host = uc $host if chance(0.1);
    return $host . pick('', '', '', '', '.', ':80', '.:443');
}


# Asks for all hosts on all addresses.  Gives the bodies by id and by host.

sub compare_served {
    my ($case, $nginx, $list) = @_;
    my ($ids, @fallbacks) = listed($list);
    my %known = map { $_ => 1 } map { (columns($_))[3] } split /\n/, $list;

    $case->{ids} = $ids;
    $case->{asked} = [@{ $case->{domains} }, keys %$ids, 'e.example',
                      's0.example', 'x.s0.example', 'z.b.example', 'z.test'];
    learn($case, $nginx, @fallbacks) if !$case->{spoilt};

    my %hosts = map { ("mta-sts.$_" => 1) }
        grep { $_ ne '*' } @{ $case->{asked} };
    my @hosts = ((sort keys %hosts), qw(www.example.com mta-sts example.com));
    my %addresses = map { $_ => 1 } map { @{ $_->{listen} } }
        @{ $case->{servers} };
    my %bodies;

    return wrong($case, 'nginx does not start',
                 slurp($nginx->dir . '/logs/error.log'))
        if !brief_begin($nginx);

    for my $address (sort keys %addresses) {
        my $real = $address =~ s/%%A(\d)%%/$nginx->{addresses}[$1]/r;
        my @got = brief_ask($real, map { as_written($_) } @hosts);

        # where something is wrong a server may listen elsewhere

        wrong($case, "nobody listens on $real") if !@got && !$case->{spoilt};

        for my $i (0 .. $#got) {
            my $id = id_of($got[$i]);
            my $must = $case->{spoilt} ? undef
                                       : expected($case, $address, $hosts[$i]);

            push @{ $bodies{ $hosts[$i] } }, $got[$i] // ();
            $count{asked}++;
            $count{policies}++ if $id ne 'none';

            wrong($case, "$hosts[$i] on $real: nginx has $id, mta-sts "
                  . ($must // 'does not know it'), $list)
                if defined $must ? $id ne $must : $id ne 'none' && !$known{$id};
        }
    }

    my $status = brief_end($nginx);
    wrong($case, "nginx ended with $status") if $status != 0;

    return %bodies;
}


# What the helper says of one domain that is listed, and of one that is not.

sub compare_policies {
    my ($case, $conf, %bodies) = @_;
    my @listed = grep { $_ ne '*' } sort keys %{ $case->{ids} };

    for my $domain (pick(@listed) // (), pick(@{ $case->{domains} })) {
        my ($rc, $policy, $err) = asked($case, 'policy', '-c', $conf, $domain);
        my @got = @{ $bodies{"mta-sts.$domain"} // [] };
        my $id = $case->{ids}{$domain};

        if (defined $id) {
            wrong($case, "policy $domain: not of the id that is listed",
                  $policy . $err)
                if $rc != 0 || id_of($policy) ne $id;

        } elsif ($rc != 0) {
            wrong($case, "policy $domain: another error", $err)
                if $err !~ /: no policy for domain|" may have the policy in /;

        } elsif ($err !~ /has no policy for host/ && !$case->{conflicting}
                 && !grep { /^~/ } map { @{ $_->{names} } }
                    @{ $case->{servers} }) {
            wrong($case, "policy $domain: nginx sends others", $policy, @got)
                if !grep { $_ eq $policy } @got;
        }

        $count{policy}++;
    }
}


sub compare_records {
    my ($case, $conf) = @_;
    my ($rc, $records, $err) = asked($case, 'records', '-c', $conf);
    my %txt = $records
        =~ /^_mta-sts\.(\S+)\. \d+ IN TXT "v=STSv1; id=(\w+);"$/mg;
    my %ids = %{ $case->{ids} };

    delete $ids{'*'};

    $count{records}++;
    wrong($case, 'records are not those of the list', $records . $err)
        if join(' ', map { "$_ $txt{$_}" } sort keys %txt)
           ne join(' ', map { "$_ $ids{$_}" } sort keys %ids)
        || ($rc == 0) != (keys %ids > 0);
}


sub conf_case {
    my ($nginx, $n) = @_;

    begin_case($n);

    $case = random_conf($load, '%%A0%%', '%%A1%%', '%%A2%%');
    my $conf = $nginx->dir . '/nginx.conf';

    $case->{n} = $n;
    $case->{kind} = 'nginx.conf';

    remove_tree(grep { !m{/(?:logs|temp)$} } glob $nginx->dir . '/*');
    write_files($case, $nginx, $nginx->dir);

    my $list = compare_verdicts($case, $nginx, '-c', $conf) // return;
    my %bodies = compare_served($case, $nginx, $list);

    compare_records($case, $conf) if chance(0.3);
    compare_policies($case, $conf, %bodies)
        if !$case->{spoilt} && chance(0.5);
}


# Domains files that both accept, each on a port of its own, as nginx serves
# them together.

sub serve_files {
    my ($nginx, @cases) = @_;
    my $port = 9000;

    return if !@cases;

    $_->{address} = "$nginx->{hosts}[0]:" . $port++ for @cases;

    spew($nginx->dir . '/nginx.conf', join "\n", $load, 'events { }',
         'http { access_log off;',
         map({ "server { listen $_->{address}; server_name mta-sts.*; "
               . "mta_sts_domains $_->{domains_file}; }" } @cases), '}');
    return wrong($cases[-1], 'nginx does not start',
                 slurp($nginx->dir . '/logs/error.log'))
        if !brief_begin($nginx);

    for my $case (@cases) {
        my ($ids) = listed($case->{list});
        my @domains = grep { $_ ne '*' } sort keys %$ids;

        push @domains, 'other.test', map { "a.$_" } @domains if @domains < 60;

        my @got = brief_ask($case->{address}, map { "mta-sts.$_" } @domains);

        for my $i (0 .. $#domains) {
            my $must = $ids->{ $domains[$i] } // $ids->{'*'} // 'none';
            $count{asked}++;
            $count{policies}++ if $must ne 'none';

            wrong($case, "$domains[$i]: nginx has another policy",
                  $case->{list}, $got[$i] // 'none')
                if id_of($got[$i]) ne $must;
        }
    }

    my $status = brief_end($nginx);
    wrong($cases[-1], "nginx ended with $status") if $status != 0;
    remove_tree($_->{base}) for @cases;
}


# Those that are accepted are put into @$queue.

sub yaml_case {
    my ($nginx, $n, $queue) = @_;

    begin_case($n);

    my $files = chance(0.2) ? 2 + int rand 2 : 1;
    my @texts = random_yaml('d', $files, pick(0, 0.01, 0.03, 0.06), 0.3);
    my $base = $nginx->dir . "/yaml$n";
    $case = { n => $n, kind => 'YAML', base => $base,
                 files => { map { ("$_.yaml" => $texts[$_]) } 0 .. $#texts },
                 domains_file => $files > 1 ? "$base/*.yaml" : "$base/0.yaml" };

    write_files($case, $nginx, $base);
    spew($nginx->dir . '/nginx.conf', "$load events { } http { access_log off; "
         . "server { listen $nginx->{hosts}[0]:8080; server_name mta-sts.*;\n"
         . "mta_sts_domains $case->{domains_file}; } }");

    $case->{list} = compare_verdicts($case, $nginx, '-d',
                                     $case->{domains_file});

    if (!defined $case->{list}) {
        remove_tree($base);
        return;
    }

    push @$queue, $case;
    serve_files($nginx, splice @$queue) if @$queue == SERVED_TOGETHER;
}


# A share of the cases, in a process of its own.

sub job {
    my ($nginx, $first, $job, $report) = @_;
    my ($name, @queue);
    my %run = ('nginx.conf' => sub { conf_case($nginx, $_[0]) },
               'YAML' => sub { yaml_case($nginx, $_[0], \@queue) });

    $nginx->{hosts} = [map { brief_address(2 * $job + $_) } 0, 1];
    $nginx->{addresses} = ["$nginx->{hosts}[0]:8080", "$nginx->{hosts}[1]:8080",
                           "$nginx->{hosts}[0]:8081"];

    for my $kind (sort keys %run) {
        %count = ();

        for (my $i = $job; $i < $cases; $i += JOBS) {
            undef $case;
            eval { $run{$kind}->($first + $i); 1 }
                or wrong($case // { n => $first + $i, kind => $kind },
                         "died: $@");
            brief_end($nginx) if $nginx->{pid};
        }

        serve_files($nginx, @queue) if $kind eq 'YAML';
        nstore([{ %count }, @wrong], "$report.$kind");
        @wrong = ();
    }
}


my $seed = $ENV{MTA_STS_TEST_SEED} // 1;
my @jobs;

diag("MTA_STS_TEST_SEED=$seed");

for my $job (0 .. JOBS - 1) {
    my $nginx = MtaSts->new('');
    my $report = $nginx->dir . '/logs/report';
    my $pid = fork // die "fork: $!";

    if ($pid == 0) {
        job($nginx, $seed, $job, $report);
        exit 0;
    }

    push @jobs, { nginx => $nginx, pid => $pid, report => $report };
}

for my $job (@jobs) {
    waitpid $job->{pid}, 0;
    is($?, 0, 'a job ended');
}

for my $kind ('nginx.conf', 'YAML') {
    my (%sum, @all);

    for my $job (@jobs) {
        my ($count, @said) = @{ retrieve("$job->{report}.$kind") };
        $sum{$_} += $count->{$_} for keys %$count;
        push @all, @said;
    }

    diag("$kind: " . join ', ', map { "$_ $sum{$_}" } sort keys %sum);
    is($sum{compared}, $cases, "$kind: $cases compared");
    is(scalar @all, 0, '... and nginx and mta-sts agree on all')
        or diag(join "\n====\n", splice @all, 0, $ENV{SHOWN} // SHOWN);

    # both verdicts are there in numbers

    cmp_ok($sum{accepted}, '>=', $cases * 0.3, '... many are accepted');
    cmp_ok($sum{same_reason}, '>=', $cases * 0.1, '... many refused by both');
    cmp_ok($sum{policies}, '>', $cases, '... and many policies served');
}

# damaged files may name any address and file

$_->{nginx}->stop(qr/\[emerg\] .* (?:bind\(\)|open\(\)|still could not bind)/)
    for @jobs;

done_testing();
