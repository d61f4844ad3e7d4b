<?php
/**
 * Plugin Name: Inception core
 * Description: The core comes with the image and belongs to root: the dashboard neither updates it nor asks for that.
 */

defined( 'ABSPATH' ) || exit;

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
