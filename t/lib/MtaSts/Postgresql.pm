package MtaSts::Postgresql;

# What MtaSts::Database knows of PostgreSQL.

use strict;
use warnings;

our @ISA = qw(MtaSts::Database);

my ($BIN) = sort { ($b =~ /(\d+)/)[0] <=> ($a =~ /(\d+)/)[0] }
            glob '/usr/lib/postgresql/*/bin';


sub user { return 'postgres' }
sub signal { return 'INT' }

# the database that is there from the beginning

sub first { return 'postgres' }


sub create {
    my ($self) = @_;

    return ("$BIN/initdb", '-D', "$self->{dir}/data", '-U', 'root', '-E',
            'UTF8', '--locale=C', '-A', 'trust', '--no-sync',
            '--no-instructions');
}


sub server {
    my ($self) = @_;

    MtaSts::spew("$self->{dir}/data/pg_hba.conf", "local all all trust\n"
                 . "host all all all scram-sha-256\n");

    return ("$BIN/postgres", '-D', "$self->{dir}/data", '-k', $self->{dir},
            '-h', $self->{address}, '-p', $self->{port},
            map { ('-c', $_) } 'fsync=off', 'shared_buffers=32MB',
            'max_connections=40', @{ $self->{conf} });
}


sub prepare {
    return "CREATE ROLE follow LOGIN PASSWORD 'secret';\n"
        . "CREATE DATABASE hosting;\n";
}


# What runs SQL from its standard input, and stops at an error.

sub client {
    my ($self, $db) = @_;

    return ('psql', '-X', '-q', '-A', '-t', '-F', "\t", '-v', 'ON_ERROR_STOP=1', '-h',
            $self->{dir}, '-p', $self->{port}, '-U', 'root', '-d', $db);
}


1;
