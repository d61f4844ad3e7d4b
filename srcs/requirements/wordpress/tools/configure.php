<?php
/**
 * Writes /run/wordpress/config.php from the environment and the secrets. Run as root by the
 * entrypoint. The file lies in memory; only root and www-data's group may read it.
 */

const RUN = '/run/wordpress';

function fail( string $message ): never {
	fwrite( STDERR, "wordpress: $message\n" );
	exit( 1 );
}

/**
 * A setting from .env. It must not be empty.
 */
function setting( string $name, string $pattern = '/^.+$/s' ): string {
	$value = getenv( $name );
	if ( false === $value || '' === $value ) {
		fail( "$name is not set; it belongs into srcs/.env." );
	}
	if ( ! preg_match( $pattern, $value ) ) {
		fail( "$name in srcs/.env has a value that cannot be used here: $value" );
	}
	return $value;
}

/**
 * A number from .env within limits.
 */
function number( string $name, int $least, int $most ): int {
	$value = setting( $name, '/^\d{1,9}$/' );
	if ( (int) $value < $least || (int) $value > $most ) {
		fail( "$name in srcs/.env must be between $least and $most, but is $value." );
	}
	return (int) $value;
}

/**
 * The relay for mail; empty without one.
 *
 * @return array<string, string|int>
 */
function mail_relay(): array {
	if ( '' === (string) getenv( 'MAIL_HOST' ) ) {
		return array();
	}
	$relay = array(
		'host'     => setting( 'MAIL_HOST', '/^[A-Za-z0-9.:-]+$/' ),
		'port'     => number( 'MAIL_PORT', 1, 65535 ),
		'tls'      => setting( 'MAIL_TLS', '/^(starttls|tls|none)$/' ),
		'user'     => (string) getenv( 'MAIL_USER' ),
		'password' => trim( (string) file_get_contents( '/run/secrets/mail_password' ), "\r\n" ),
		'sender'   => setting( 'MAIL_SENDER', '/^[^@\s]+@[^@\s]+$/' ),
	);
	// An address of IPv6 is told from its port by brackets.
	if ( str_contains( $relay['host'], ':' ) ) {
		$relay['host'] = "[{$relay['host']}]";
	}
	if ( '' !== $relay['user'] && '' === $relay['password'] ) {
		fwrite( STDERR, "wordpress: the relay for mail wants the user {$relay['user']} (MAIL_USER), but the secret mail_password is empty.\n" );
	}
	return $relay;
}

/**
 * A secret as it stands in its file, without the newline at the end.
 */
function secret( string $name ): string {
	$file = "/run/secrets/$name";
	if ( ! is_file( $file ) || ! is_readable( $file ) ) {
		fail( "the secret $name is missing: there is no readable file $file." );
	}
	$value = preg_replace( '/\r?\n\z/', '', (string) file_get_contents( $file ) );
	if ( '' === trim( $value ) ) {
		fail( "the secret $name is empty." );
	}
	return $value;
}

/**
 * Lines NAME=value of a secret; the value is everything after the first equals sign.
 *
 * @param string[] $names The names that have to be there.
 * @return array<string, string>
 */
function named_secrets( string $name, array $names ): array {
	$found = array();
	foreach ( preg_split( '/\r?\n/', secret( $name ) ) as $line ) {
		[ $key, $value ]       = array_pad( explode( '=', $line, 2 ), 2, '' );
		$found[ trim( $key ) ] = $value;
	}
	foreach ( $names as $wanted ) {
		if ( '' === trim( $found[ $wanted ] ?? '' ) ) {
			fail( "the secret $name lacks $wanted, or it is empty." );
		}
	}
	return array_intersect_key( $found, array_flip( $names ) );
}

$domain     = setting( 'DOMAIN_NAME', '/^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/' );
$https_port = number( 'HTTPS_PORT', 1, 65535 );
$nginx_port = number( 'NGINX_PORT', 1, 65535 );
number( 'PHP_FPM_PORT', 1, 65535 );
number( 'UPLOAD_LIMIT_MB', 1, 100000 );
$home  = "https://$domain" . ( 443 === $https_port ? '' : ":$https_port" );
$salts = array( 'AUTH_KEY', 'SECURE_AUTH_KEY', 'LOGGED_IN_KEY', 'NONCE_KEY', 'AUTH_SALT', 'SECURE_AUTH_SALT', 'LOGGED_IN_SALT', 'NONCE_SALT' );
// They are judged here, so that a mistake is told before anything is touched; install.php uses them.
named_secrets( 'credentials', array( 'WP_ADMIN_PASSWORD', 'WP_USER_PASSWORD' ) );

$constants = array(
	'DB_HOST'              => setting( 'DB_HOST', '/^[A-Za-z0-9.-]+$/' ) . ':' . number( 'DB_PORT', 1, 65535 ),
	'DB_NAME'              => setting( 'DB_NAME' ),
	'DB_USER'              => setting( 'DB_USER' ),
	'DB_PASSWORD'          => secret( 'db_password' ),
	'WP_HOME'              => $home,
	'WP_SITEURL'           => $home,
	'INCEPTION_DOMAIN'     => $domain,
	'INCEPTION_HTTPS_PORT' => $https_port,
	'INCEPTION_NGINX_PORT' => $nginx_port,
	'INCEPTION_PAGE_CACHE' => 'true' === setting( 'PAGE_CACHE', '/^(true|false)$/' ),
	'INCEPTION_MAIL'       => mail_relay(),
	'INCEPTION_SUPPLY'     => setting( 'WORDPRESS_SUPPLY', '/^(upstream|distribution)$/' ),
) + named_secrets( 'wordpress_salts', $salts );

if ( 'true' === getenv( 'WP_DEBUG' ) ) {
	$constants['WP_DEBUG'] = true;
}
if ( 'false' === getenv( 'WP_OUTBOUND_HTTP' ) ) {
	$constants['WP_HTTP_BLOCK_EXTERNAL'] = true;
	$constants['WP_ACCESSIBLE_HOSTS']    = $domain;
}

$extra = json_decode( getenv( 'WP_CONFIG_EXTRA' ) ?: '{}', true );
if ( ! is_array( $extra ) ) {
	fail( 'WP_CONFIG_EXTRA in srcs/.env is no JSON object such as {"WP_POST_REVISIONS": 5}.' );
}
foreach ( $extra as $name => $value ) {
	if ( ! preg_match( '/^[A-Z][A-Z0-9_]*$/', $name ) || isset( $constants[ $name ] ) || ! is_scalar( $value ) ) {
		fail( "WP_CONFIG_EXTRA in srcs/.env sets $name, which is no name for a constant, is set elsewhere, or has no plain value." );
	}
	$constants[ $name ] = $value;
}

$lines = array( '<?php', '// Written by the entrypoint at every start from srcs/.env and secrets/.' );
foreach ( $constants as $name => $value ) {
	$lines[] = sprintf( 'define( %s, %s );', var_export( $name, true ), var_export( $value, true ) );
}
// On the command line there is no request to take these from.
$lines[] = sprintf( "if ( PHP_SAPI === 'cli' ) {\n\t\$_SERVER += array( 'HTTPS' => 'on', 'HTTP_HOST' => %s, 'REQUEST_METHOD' => 'GET' );\n}", var_export( substr( $home, 8 ), true ) );

/**
 * Puts a file in place in one step.
 */
function put( string $file, string $text, int $mode ): void {
	$new = "$file.new";
	if ( file_exists( $new ) ) {
		unlink( $new );
	}
	umask( 0077 );
	if ( file_put_contents( $new, $text ) !== strlen( $text ) || ! chgrp( $new, 'www-data' ) || ! chmod( $new, $mode ) || ! rename( $new, $file ) ) {
		fail( "cannot write $file." );
	}
}

put( RUN . '/config.php', implode( "\n", $lines ) . "\n", 0440 );

// Whom WordPress trusts: the public authorities, the one that signed this site's certificate, and
// those of a network that inspects TLS.
$bundle = (string) file_get_contents( '/etc/ssl/certs/ca-certificates.crt' );
foreach ( array( 'tls_ca', 'extra_ca' ) as $name ) {
	if ( is_readable( "/run/secrets/$name" ) ) {
		$bundle .= "\n" . file_get_contents( "/run/secrets/$name" );
	}
}
put( RUN . '/ca-bundle.crt', $bundle, 0444 );
