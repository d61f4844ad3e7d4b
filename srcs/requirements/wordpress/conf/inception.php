<?php
/**
 * Plugin Name: Inception
 * Description: What WordPress has to know about the containers that it runs in.
 *
 * A must-use plugin: it belongs to root, comes with the image and cannot be switched off.
 */

defined( 'ABSPATH' ) || exit;

/*
 * Requests to the site itself (loopback, REST, Site Health).
 */

// The certificate is signed by a local authority. The bundle holds it and all public ones.
add_filter(
	'http_request_args',
	static function ( array $args ): array {
		if ( is_readable( '/run/wordpress/ca-bundle.crt' ) ) {
			$args['sslcertificates'] = '/run/wordpress/ca-bundle.crt';
		}
		return $args;
	}
);

// Between the containers NGINX listens on its own port, whatever port the host publishes, and the
// site's address has to lead there.
add_action(
	'http_api_curl',
	static function ( $handle, array $args, string $url ): void {
		$host = (string) wp_parse_url( $url, PHP_URL_HOST );
		if ( INCEPTION_DOMAIN === $host ) {
			curl_setopt(
				$handle,
				CURLOPT_CONNECT_TO,
				array( INCEPTION_DOMAIN . ':' . INCEPTION_HTTPS_PORT . ':' . INCEPTION_DOMAIN . ':' . INCEPTION_NGINX_PORT )
			);
		} else {
			curl_setopt( $handle, CURLOPT_CONNECTTIMEOUT_MS, wp_doing_cron() ? 10000 : 2000 );
		}
	},
	10,
	3
);

/*
 * Requests to the outside. Where there is no internet, the dashboard would wait for each update
 * check again. A host that could not be reached is left alone for ten minutes.
 */

/**
 * The name under which it is remembered that a host cannot be reached, or nothing for our own.
 */
function inception_outage_key( string $url ): string {
	$host = (string) wp_parse_url( $url, PHP_URL_HOST );
	if ( '' === $host || INCEPTION_DOMAIN === $host ) {
		return '';
	}
	return 'inception_unreachable_' . md5( $host );
}

add_filter(
	'pre_http_request',
	static function ( $response, array $args, string $url ) {
		$key = inception_outage_key( $url );
		// Somebody who presses "check again" really wants to know.
		if ( false !== $response || '' === $key || isset( $_GET['force-check'] ) ) {
			return $response;
		}
		$reason = get_transient( $key );
		return $reason ? new WP_Error( 'http_request_failed', "$reason (not tried again for a few minutes)" ) : $response;
	},
	10,
	3
);

add_action(
	'http_api_debug',
	static function ( $response, $context, $transport, $args, string $url ): void {
		$key = inception_outage_key( $url );
		if ( '' !== $key && is_wp_error( $response ) && 'http_request_failed' === $response->get_error_code()
			&& preg_match( '/cURL error (6|7|28|35|52|56|60):/', $response->get_error_message() ) ) {
			set_transient( $key, $response->get_error_message(), 10 * MINUTE_IN_SECONDS );
		}
	},
	10,
	5
);

/*
 * Updates of the core: it is replaced by building a new image, never in place.
 */

add_filter(
	'map_meta_cap',
	static function ( array $caps, string $cap ): array {
		return 'update_core' === $cap ? array( 'do_not_allow' ) : $caps;
	},
	10,
	2
);

add_filter(
	'site_status_tests',
	static function ( array $tests ): array {
		// It demands a core that WordPress can overwrite, which is just what this one must not be.
		unset( $tests['async']['background_updates'] );
		if ( 'distribution' === INCEPTION_SUPPLY ) {
			// Debian mends an older version; comparing numbers with the newest release says nothing.
			unset( $tests['direct']['wordpress_version'] );
		}
		if ( defined( 'WP_HTTP_BLOCK_EXTERNAL' ) && WP_HTTP_BLOCK_EXTERNAL ) {
			// The operator has decided that this site does not talk to the outside.
			unset(
				$tests['direct']['http_requests'],
				$tests['direct']['wordpress_version'],
				$tests['async']['dotorg_communication']
			);
		}
		return $tests;
	}
);

// Without an answer about new versions WordPress leaves this result empty.
add_filter(
	'site_status_test_result',
	static function ( $result ) {
		if ( is_array( $result ) && 'wordpress_version' === ( $result['test'] ?? '' ) && '' === ( $result['status'] ?? '' ) ) {
			$result['status']      = 'recommended';
			$result['label']       = 'It is not known whether there is a newer version of WordPress';
			$result['description'] = '<p>WordPress.org has not answered yet.</p>';
		}
		return $result;
	}
);

/*
 * Comments. The first one of a stranger waits for approval (the option comment_previously_approved); whoever is
 * signed in is no stranger.
 */
add_filter(
	'pre_comment_approved',
	static function ( $approved, array $comment ) {
		if ( 0 !== $approved || empty( $comment['user_id'] ) ) {
			return $approved;
		}
		// Again, without that rule: all others hold for everybody (links, words, approval of every comment).
		add_filter( 'pre_option_comment_previously_approved', '__return_zero' );
		$passes = check_comment(
			$comment['comment_author'],
			$comment['comment_author_email'],
			$comment['comment_author_url'],
			$comment['comment_content'],
			$comment['comment_author_IP'],
			$comment['comment_agent'],
			$comment['comment_type']
		);
		remove_filter( 'pre_option_comment_previously_approved', '__return_zero' );
		return $passes ? 1 : 0;
	},
	10,
	2
);

/*
 * Content written under an earlier address (another port or domain) keeps working: WordPress stores
 * full addresses in posts. They are replaced when shown; what is stored stays as it was written.
 */

/**
 * Replaces the site's earlier addresses in a text by the present one.
 *
 * @param mixed $text What WordPress is about to show; anything but a string is passed through.
 * @return mixed
 */
function inception_present_address( $text ) {
	static $patterns = null;
	if ( null === $patterns ) {
		$patterns = array();
		foreach ( (array) get_option( 'inception_earlier_urls', array() ) as $url ) {
			if ( is_string( $url ) && '' !== $url && WP_HOME !== $url ) {
				// The address ends there: "https://a.b" must not match in "https://a.b:8443" or "https://a.bc".
				$patterns[] = '#' . preg_quote( $url, '#' ) . '(?!\w|-|:\d|\.\w)#';
			}
		}
	}
	if ( ! $patterns || ! is_string( $text ) ) {
		return $text;
	}
	return preg_replace( $patterns, WP_HOME, $text ) ?? $text;
}
foreach ( array( 'the_content', 'the_excerpt', 'the_content_feed', 'comment_text', 'widget_text', 'widget_block_content', 'render_block', 'wp_nav_menu' ) as $inception_hook ) {
	add_filter( $inception_hook, 'inception_present_address', 999 );
}
