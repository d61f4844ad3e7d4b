<?php
/**
 * Installs WordPress, or brings the database in line with the files. Run as www-data by the
 * entrypoint, with the secret "credentials" on standard input.
 *
 * The first installation writes everything in one transaction, and its last row says that it is
 * complete: a kill at any moment leaves either nothing or a finished site. Later starts change
 * nothing that belongs to the site's owner; only the address follows the settings.
 */

namespace Inception;

use mysqli;
use mysqli_sql_exception;
use ReflectionProperty;
use WP_Error;
use WP_Locale;

const SITE = '/var/www/html';
const MARK = 'inception_installed';

function say( string $message ): void {
	fwrite( STDERR, "wordpress: $message\n" );
}

function fail( string $message ): never {
	say( $message );
	exit( 1 );
}

/**
 * A setting of the first installation, from srcs/.env.
 */
function first( string $name ): string {
	$value = (string) getenv( $name );
	if ( '' === trim( $value ) ) {
		fail( "$name is not set; it belongs into srcs/.env." );
	}
	return $value;
}

/**
 * A connection to the database, as soon as it answers.
 */
function connect( int $seconds ): mysqli {
	[ $host, $port ] = explode( ':', DB_HOST );
	$deadline        = time() + $seconds;
	mysqli_report( MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT );
	for ( $try = 0; ; $try++ ) {
		try {
			$db = mysqli_init();
			$db->options( MYSQLI_OPT_CONNECT_TIMEOUT, 5 );
			// phpcs:ignore Generic.PHP.NoSilencedErrors -- The exception says it all; PHP would print a warning besides.
			@$db->real_connect( $host, DB_USER, DB_PASSWORD, DB_NAME, (int) $port );
			return $db;
		} catch ( mysqli_sql_exception $error ) {
			if ( time() >= $deadline ) {
				$reason = match ( $error->getCode() ) {
					1045    => 'it refuses the user ' . DB_USER . ' with the password of secrets/db_password.txt',
					1044, 1049 => 'the user ' . DB_USER . ' may not use the database ' . DB_NAME . ', or there is none',
					default => $error->getMessage(),
				};
				fail( 'the database at ' . DB_HOST . " cannot be used, after $seconds seconds of trying: $reason." );
			}
			if ( 0 === $try ) {
				say( 'waiting for the database at ' . DB_HOST );
			}
			usleep( 50000 );
		}
	}
}

/**
 * Removes the empty tables of an installation that was cut off while it made them. WordPress would
 * refuse to go on. A table with a single row in it is never touched.
 */
function clear_unfinished_tables( mysqli $db ): void {
	$options = $db->query( "SHOW TABLES LIKE 'wp\\_options'" )->num_rows > 0;
	if ( $options && $db->query( "SELECT 1 FROM wp_options WHERE option_name = 'siteurl' LIMIT 1" )->num_rows > 0 ) {
		return;
	}
	$tables = array();
	foreach ( array( 'commentmeta', 'comments', 'links', 'options', 'postmeta', 'posts', 'term_relationships', 'term_taxonomy', 'termmeta', 'terms', 'usermeta', 'users' ) as $name ) {
		if ( $db->query( "SHOW TABLES LIKE 'wp\\_$name'" )->num_rows > 0 ) {
			if ( $db->query( "SELECT 1 FROM wp_$name LIMIT 1" )->num_rows > 0 ) {
				fail( 'the database ' . DB_NAME . " has a table wp_$name with content, but no site address (wp_options, siteurl): restore the database from a backup, or empty it." );
			}
			$tables[] = "wp_$name";
		}
	}
	if ( $tables ) {
		say( 'an earlier installation was cut off; beginning anew' );
		$db->query( 'DROP TABLE ' . implode( ', ', $tables ) );
	}
}

$credentials = array();
foreach ( preg_split( '/\r?\n/', (string) stream_get_contents( STDIN ) ) as $line ) {
	[ $key, $value ]             = array_pad( explode( '=', $line, 2 ), 2, '' );
	$credentials[ trim( $key ) ] = $value;
}

// The settings come first, WordPress follows once the database is there.
require_once '/run/wordpress/config.php';
$db = connect( (int) ( getenv( 'DB_WAIT_SECONDS' ) ?: 60 ) );
clear_unfinished_tables( $db );
$db->close();

define( 'WP_INSTALLING', true );
define( 'WP_ADMIN', true );
error_reporting( E_ALL & ~E_WARNING & ~E_NOTICE & ~E_DEPRECATED );

/*
 * Filters that have to be there before WordPress loads.
 */
// Errors are one sentence here, not a web page.
$GLOBALS['wp_filter'] = array(
	'wp_die_handler' => array(
		10 => array(
			'inception' => array(
				'accepted_args' => 0,
				'function'      => static fn() => static function ( $message ): never {
					if ( $message instanceof WP_Error ) {
						$message = $message->get_error_message();
					}
					// A page with a heading goes on with advice for visitors.
					if ( preg_match( '#<h1>(.*?)</h1>#s', (string) $message, $heading ) ) {
						$message = $heading[1] . '.';
					}
					fail( 'WordPress stopped: ' . trim( preg_replace( '/\s+/', ' ', strip_tags( (string) $message ) ) ) );
				},
			),
		),
	),
	// NGINX is not there yet, and the outside is of no interest now.
	'pre_http_request' => array(
		10 => array(
			'inception' => array(
				'accepted_args' => 0,
				'function'      => static fn() => new WP_Error( 'inception', 'no requests during the installation' ),
			),
		),
	),
	// Whoever installs knows about it.
	'pre_wp_mail'      => array(
		10 => array(
			'inception' => array(
				'accepted_args' => 0,
				'function'      => '__return_false',
			),
		),
	),
);

require SITE . '/wp-load.php';
require ABSPATH . 'wp-admin/includes/upgrade.php';

global $wpdb, $wp_db_version;

/**
 * An option as the database has it, past the constants and all caches; null also without tables.
 */
function stored( string $name ): ?string {
	global $wpdb;
	$before = $wpdb->suppress_errors();
	$value  = $wpdb->get_var( $wpdb->prepare( "SELECT option_value FROM $wpdb->options WHERE option_name = %s", $name ) );
	$wpdb->suppress_errors( $before );
	return $value;
}

/**
 * Makes the ordinary user.
 */
function add_ordinary_user( string $login, string $email, string $role, string $password ): void {
	$user = wp_insert_user(
		array(
			'user_login' => $login,
			// WordPress takes slashes away from what it is given, as it does with a form.
			'user_pass'  => wp_slash( $password ),
			'user_email' => $email,
			'role'       => $role,
		)
	);
	if ( is_wp_error( $user ) ) {
		fail( "the user $login (WP_USER) cannot be made: " . $user->get_error_message() );
	}
}

/**
 * Refuses passwords and names of the two users that WordPress or the subject would not take.
 *
 * @param array<string, string> $credentials The passwords of the two users.
 */
function check_users( array $credentials ): void {
	foreach ( array( 'WP_ADMIN_PASSWORD', 'WP_USER_PASSWORD' ) as $name ) {
		if ( '' === trim( $credentials[ $name ] ?? '' ) ) {
			fail( "the secret credentials lacks $name, or it is empty." );
		}
	}
	$admin = first( 'WP_ADMIN_USER' );
	$user  = first( 'WP_USER' );
	foreach ( array( 'WP_ADMIN_USER' => $admin, 'WP_USER' => $user ) as $name => $login ) {
		if ( sanitize_user( $login, true ) !== $login || strlen( $login ) > 60 ) {
			fail( "$name in srcs/.env is no name that WordPress allows: $login" );
		}
	}
	if ( false !== stripos( $admin, 'admin' ) ) {
		fail( "the administrator's name (WP_ADMIN_USER) must not contain \"admin\": $admin" );
	}
	if ( strtolower( $admin ) === strtolower( $user ) ) {
		fail( "the administrator and the ordinary user (WP_ADMIN_USER, WP_USER) must be two: $admin" );
	}
}

/**
 * Refuses mail addresses that WordPress would not take.
 */
function check_addresses(): void {
	foreach ( array( 'WP_ADMIN_EMAIL', 'WP_USER_EMAIL' ) as $name ) {
		if ( ! is_email( first( $name ) ) ) {
			fail( "$name in srcs/.env is no mail address: " . first( $name ) );
		}
	}
	if ( first( 'WP_ADMIN_EMAIL' ) === first( 'WP_USER_EMAIL' ) ) {
		fail( 'WP_ADMIN_EMAIL and WP_USER_EMAIL in srcs/.env must differ: ' . first( 'WP_USER_EMAIL' ) );
	}
}

/**
 * The first installation.
 *
 * @param array<string, string> $credentials The passwords of the two users.
 */
function install( array $credentials ): void {
	global $wpdb;
	$title  = first( 'WP_TITLE' );
	$role   = first( 'WP_USER_ROLE' );
	$locale = first( 'WP_LOCALE' );
	check_users( $credentials );
	check_addresses();
	if ( 'en_US' !== $locale && ! in_array( $locale, get_available_languages(), true ) ) {
		fail( "this image has no translation $locale (WP_LOCALE); build it again with that setting." );
	}

	say( 'installing WordPress ' . core_version() );
	// Tables cannot be part of a transaction: they come first, and no later step may touch them.
	make_db_current_silent();
	add_filter( 'dbdelta_queries', '__return_empty_array' );

	// A connection that breaks must not be made anew: what followed would be outside of the transaction.
	( new ReflectionProperty( $wpdb, 'reconnect_retries' ) )->setValue( $wpdb, 0 );
	$wpdb->query( 'START TRANSACTION' );

	if ( 'en_US' !== $locale ) {
		load_default_textdomain( $locale );
		$GLOBALS['wp_locale'] = new WP_Locale();
	}
	wp_install( wp_slash( $title ), first( 'WP_ADMIN_USER' ), first( 'WP_ADMIN_EMAIL' ), true, '', wp_slash( $credentials['WP_ADMIN_PASSWORD'] ), 'en_US' === $locale ? '' : $locale );
	if ( null === get_role( $role ) ) {
		fail( "there is no role $role (WP_USER_ROLE); WordPress has: " . implode( ', ', array_keys( wp_roles()->get_names() ) ) . '.' );
	}
	add_ordinary_user( first( 'WP_USER' ), first( 'WP_USER_EMAIL' ), $role, $credentials['WP_USER_PASSWORD'] );

	$options = array(
		// wp_install() has passed the title through functions for forms; it is kept as it was given.
		'blogname'                     => $title,
		'permalink_structure'          => '/%year%/%monthnum%/%day%/%postname%/',
		// The first comment of a stranger waits, one of the ordinary user appears at once (mu-plugins/inception-comments.php).
		'comment_moderation'           => '0',
		'comment_previously_approved'  => '1',
		'comments_notify'              => (string) (int) (bool) INCEPTION_MAIL,
		'moderation_notify'            => (string) (int) (bool) INCEPTION_MAIL,
		// Nobody to ping.
		'default_pingback_flag'        => '0',
		'default_ping_status'          => 'closed',
	);
	foreach ( $options as $name => $value ) {
		update_option( $name, $value );
	}
	delete_option( 'rewrite_rules' );
	// Some translations give the first pages a name that no address can have.
	foreach ( get_posts( array( 'post_type' => 'any', 'post_status' => 'any', 'numberposts' => -1 ) ) as $post ) {
		if ( sanitize_title( $post->post_name ) !== $post->post_name ) {
			$wpdb->update( $wpdb->posts, array( 'post_name' => sanitize_title( $post->post_name ) ), array( 'ID' => $post->ID ) );
		}
	}
	add_option( 'inception_earlier_urls', array() );
	// The last row: with it, the installation is complete.
	update_option( MARK, WP_HOME );
	if ( false === $wpdb->query( 'COMMIT' ) ) {
		fail( 'the database has broken the connection off; the next start begins anew.' );
	}
	say( 'the site is installed at ' . WP_HOME );
}

/**
 * The version of the files.
 */
function core_version(): string {
	require ABSPATH . WPINC . '/version.php';
	return $wp_version;
}

if ( null === stored( 'siteurl' ) ) {
	install( $credentials );
} else {
	if ( (int) stored( 'db_version' ) > (int) $wp_db_version ) {
		fail(
			'the database has the schema ' . stored( 'db_version' ) . ', which is newer than WordPress ' . core_version() . " ($wp_db_version) and knows no way back: "
			. 'set inception_supply and wordpress_version back, or restore the backup that was made before.'
		);
	}
	// A new core may bring a new schema; WordPress's own upgrade can be repeated at will.
	if ( (int) stored( 'db_version' ) < (int) $wp_db_version ) {
		say( 'bringing the database to the schema of WordPress ' . core_version() );
		wp_upgrade();
		if ( (int) stored( 'db_version' ) !== (int) $wp_db_version ) {
			fail( 'the database has the schema ' . stored( 'db_version' ) . " after the upgrade, and should have $wp_db_version: $wpdb->last_error" );
		}
	}
	// Constants hide the stored address from get_option(), but not from everybody.
	foreach ( array( 'home', 'siteurl' ) as $name ) {
		$earlier = (string) stored( $name );
		if ( WP_HOME === $earlier ) {
			continue;
		}
		$known = (array) get_option( 'inception_earlier_urls', array() );
		if ( '' !== $earlier && ! in_array( $earlier, $known, true ) ) {
			$known[] = $earlier;
			update_option( 'inception_earlier_urls', $known );
		}
		$wpdb->update( $wpdb->options, array( 'option_value' => WP_HOME ), array( 'option_name' => $name ) );
		say( "the site's address ($name) is now " . WP_HOME . ", and was $earlier" );
	}
	if ( null === stored( 'inception_earlier_urls' ) ) {
		// Each page asks for it: what is there is loaded with all other options.
		add_option( 'inception_earlier_urls', array() );
	}
	if ( null === stored( MARK ) ) {
		say( 'the database holds a site that was not installed here; its users and settings stay as they are' );
		update_option( MARK, WP_HOME );
	}
}
